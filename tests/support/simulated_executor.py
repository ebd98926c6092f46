"""An executor that runs plain functions of the test instead of processes, and does what it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tenuto.core.errors import TenutoError
from tenuto.core.value_types import ANY_JSON
from tenuto.pipelines.errors import EXECUTOR_CLOSED
from tenuto.pipelines.ports import OnItem
from tenuto.pipelines.values.storing import load, store
from tenuto.pipelines.words import (
    AttemptItem,
    ItemOutcome,
    Outcome,
    Status,
    StepAttempt,
    StepError,
    StoredValue,
    Usage,
)

Function = Callable[..., Any]
USAGE = Usage(wall_seconds=2.0, cpu_seconds=1.0, peak_memory_bytes=1000, log_bytes=100)


class Ended(Exception):  # noqa: N818 (it is how a function of a test tells an end that is no failure)
    """What a function raises to end otherwise than by a result or a failure."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.value)
        self.status = status


class SimulatedExecutor:
    """``functions`` by step. ``calls`` are the (step, arguments) in the order they were made.

    A function that waits should look at ``cancelled(attempt)``; ``log`` is what each attempt prints.
    """

    def __init__(self, functions: dict[str, Function]) -> None:
        self.functions = functions
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.attempts: list[StepAttempt] = []
        self.log = b""
        self.cancelled: dict[str, threading.Event] = {}
        self.closed = False
        self.cleared: list[str] = []
        self._lock = threading.Lock()

    def run(self, attempt: StepAttempt, on_item: OnItem | None = None) -> Outcome:
        if self.closed:
            raise TenutoError(EXECUTOR_CLOSED)
        with self._lock:
            self.attempts.append(attempt)
            self.cancelled[attempt.attempt_id] = threading.Event()
        Path(attempt.output_folder).mkdir(parents=True, exist_ok=True)
        Path(attempt.log_file).write_bytes(self.log)
        items: list[ItemOutcome] = []
        for item in attempt.items:
            items.append(self._item(attempt, item, items))
            if on_item is not None and items[-1].status in {Status.SUCCEEDED, Status.FAILED}:
                on_item(items[-1])
        return Outcome(tuple(items), USAGE)

    def cancel(self, attempt_id: str) -> bool:
        found = self.cancelled.get(attempt_id)
        if found is not None:
            found.set()
        return found is not None

    def clear_after(self, owner: str) -> None:
        self.cleared.append(owner)

    def close(self) -> None:
        self.closed = True
        for one in self.cancelled.values():
            one.set()

    def times(self, step: str) -> int:
        return sum(1 for name, _ in self.calls if name == step)

    def _item(self, attempt: StepAttempt, item: AttemptItem, before: list[ItemOutcome]) -> ItemOutcome:
        if before and before[-1].status not in {Status.SUCCEEDED, Status.FAILED}:
            return ItemOutcome(item.index, Status.NOT_RUN)
        given = self._arguments(attempt, item)
        with self._lock:
            self.calls.append((attempt.step, given))
        try:
            outputs = self._outputs(attempt, self.functions[attempt.step](**given))
        except Ended as ended:
            return ItemOutcome(item.index, ended.status, error=StepError("Ended", str(ended)))
        except Exception as error:  # noqa: BLE001 (a step may raise anything, and that is the answer)
            told = StepError(type(error).__name__, str(error), retryable=getattr(error, "retryable", True))
            return ItemOutcome(item.index, Status.FAILED, error=told, seconds=1.0)
        return ItemOutcome(item.index, Status.SUCCEEDED, outputs, seconds=1.0)

    def _arguments(self, attempt: StepAttempt, item: AttemptItem) -> dict[str, Any]:
        scratch = Path(attempt.output_folder)
        return {
            name: load(value, attempt.input_types.get(name, ANY_JSON), attempt.files, scratch)
            for name, value in {**attempt.inputs, **item.inputs}.items()
        }

    def _outputs(self, attempt: StepAttempt, returned: Any) -> dict[str, StoredValue]:
        if isinstance(returned, dict) and all(isinstance(one, StoredValue) for one in returned.values()):
            return returned  # a lying step
        [output] = attempt.outputs
        return {output.name: store(returned, output.type, Path(attempt.output_folder))}


def total(x0: list[int]) -> int:
    """Join a map: the graphs of the tests name a step's first input so."""
    return sum(x0)
