"""A run as its journal keeps it, and as people see it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from tenuto.core.graph import Graph
from tenuto.core.words import Actor, ActorKind, Ref, Scope
from tenuto.pipelines.rules.keys import KeyParts
from tenuto.pipelines.words import StoredValue, TaskId, TaskState, Usage


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One run. ``actor`` submitted it; ``authors`` are the persons behind its code and its submission.

    ``fault`` is why the run itself could not go on, whatever became of its steps.
    """

    id: str
    workspace: str
    pipeline: str
    graph: Graph
    code: str  # digest of the project's archive
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

    @property
    def ref(self) -> Ref:
        return Ref("Run", self.id, self.pipeline, self.workspace, {"authors": self.authors})

    @property
    def scope(self) -> Scope:
        """The scope in which the run itself acts: its own identity, its submitter answers for it."""
        actor = Actor(ActorKind.RUN, self.id, self.pipeline, self.actor.answerable)
        return Scope(actor, self.workspace, self.id)


class TaskRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One task with what its journal says: how often it ran, and why it did or did not."""

    task: TaskId
    state: TaskState
    executions: int = 0
    cache: str = "none"  # "hit", "miss", "off"
    why: list[str] = []
    started_at: datetime | None = None
    finished_at: datetime | None = None
    usage: Usage | None = None


class TaskNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a transition tells of a task besides its state. ``starts`` counts one more execution of it."""

    starts: bool = False
    key: str | None = None
    parts: KeyParts | None = None
    cache: str = "none"
    why: list[str] = []
    usage: Usage | None = None


class RunDetail(msgspec.Struct, frozen=True):
    run: RunRecord
    tasks: list[TaskRecord]
    results: dict[str, Any]


class Held(msgspec.Struct, frozen=True):
    """A run that a worker holds. Only writes under its ``fence`` count."""

    run: RunRecord
    holder: str
    fence: int
