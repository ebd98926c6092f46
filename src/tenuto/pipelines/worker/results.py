"""What comes back from an attempt, made fit for the journal."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.pipelines.words import ItemOutcome, Status, StepError, TaskId, Usage

_T = TypeVar("_T")
_LONGEST_LOG = 256 * 1024  # bytes kept in the journal


class Result(msgspec.Struct, frozen=True):
    """News of an attempt: tasks that ended, or (``over``) the attempt's own end with its log."""

    attempt: str
    node: str
    outcomes: dict[TaskId, ItemOutcome] = {}
    usages: dict[TaskId, Usage] = {}
    log: str = ""
    over: bool = False


def failed(index: int | None, error: Exception) -> ItemOutcome:
    """Return the outcome of a task that something went wrong around.

    What may pass (a full disk, an absent database) is a loss: it says nothing about the step.
    """
    passes = error.fault.retryable if isinstance(error, TenutoError) else isinstance(error, OSError)
    name = error.fault.code if isinstance(error, TenutoError) else type(error).__name__
    status = Status.LOST if passes else Status.FAILED
    return ItemOutcome(index, status, error=StepError(name, str(error), retryable=passes))


def shares(usage: Usage, outcomes: Mapping[TaskId, ItemOutcome]) -> dict[TaskId, Usage]:
    """Divide what an attempt took among its items, by the time each of them ran. Memory they had in common."""
    if len(outcomes) == 1:
        return dict.fromkeys(outcomes, usage)
    whole = sum(one.seconds for one in outcomes.values())
    return {task: _share(usage, one.seconds, whole) for task, one in outcomes.items() if one.seconds > 0}


def tail(path: Path) -> str:
    """Return the end of a log in whole lines, as far as the journal keeps it."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LONGEST_LOG))
            content = file.read()
    except FileNotFoundError:
        return ""
    if size > _LONGEST_LOG:
        content = content.partition(b"\n")[2]
    return content.decode("utf-8", "replace").replace("\x00", "\ufffd")


def texts_without_nul(value: _T, kind: type[_T]) -> _T:
    """Return the value with every NUL character replaced: PostgreSQL stores none, whoever wrote it."""
    plain = msgspec.to_builtins(value)
    cleaned = _without_nul(plain)
    return value if cleaned == plain else msgspec.convert(cleaned, kind)


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(one) for one in value]
    return value


def _share(usage: Usage, seconds: float, whole: float) -> Usage:
    cpu = None if usage.cpu_seconds is None else usage.cpu_seconds * seconds / whole
    return Usage(seconds, cpu, usage.peak_memory_bytes, int(usage.log_bytes * seconds / whole))
