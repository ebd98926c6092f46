"""Runs, their tasks, and what they printed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from tenuto.client.words.identities import Actor


class StoredValue(msgspec.Struct, frozen=True):
    """A value by its content address. Small ones are spelled out in ``text``, as typed JSON."""

    type: dict[str, Any]
    encoding: str
    digest: str
    size: int
    text: str | None = None
    parts: list[StoredValue] = []
    metadata: dict[str, Any] = {}


class Run(msgspec.Struct, frozen=True):
    """``status`` is ``queued``, ``running``, ``succeeded``, ``failed`` or ``cancelled``.

    ``fault`` is why the run itself could not go on, whatever became of its steps.
    """

    id: str
    workspace: str
    pipeline: str
    graph: dict[str, Any]
    code: str
    parameters: dict[str, StoredValue]
    seed: int
    status: str
    cancelled: bool
    actor: Actor
    authors: list[str]
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    fault: str | None = None


class TaskId(msgspec.Struct, frozen=True):
    node: str
    item: int | None = None


class StepError(msgspec.Struct, frozen=True):
    type: str
    message: str
    traceback: str = ""
    retryable: bool = True


class TaskState(msgspec.Struct, frozen=True):
    """``losses`` are processes that vanished. ``chunk`` is the first of the items that share its process."""

    status: str
    failures: int = 0
    losses: int = 0
    retry_at: datetime | None = None
    outputs: dict[str, StoredValue] = {}
    error: StepError | None = None
    chunk: int | None = None


class Usage(msgspec.Struct, frozen=True):
    wall_seconds: float
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    log_bytes: int = 0


class Task(msgspec.Struct, frozen=True):
    """``cache`` is ``hit``, ``miss``, ``off`` or ``none``; ``why`` says why it ran, or why not."""

    task: TaskId
    state: TaskState
    executions: int = 0
    cache: str = "none"
    why: list[str] = []
    started_at: datetime | None = None
    finished_at: datetime | None = None
    usage: Usage | None = None


class RunDetail(msgspec.Struct, frozen=True):
    run: Run
    tasks: list[Task]
    results: dict[str, Any]


class Log(msgspec.Struct, frozen=True):
    """What one attempt of a node printed. ``text`` holds a ``LogLine`` as JSON in each line."""

    node: str
    text: str


class LogLine(msgspec.Struct, frozen=True):
    """``stream`` is ``stdout``, ``stderr``, or ``tenuto`` for what the platform says itself."""

    at: str
    stream: str
    text: str
