"""One attempt at tasks of one node: in a child, or in the worker itself for the platform's own steps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from tenuto.core.graph import Node
from tenuto.pipelines.records import RunRecord
from tenuto.pipelines.words import (
    AttemptItem,
    ItemOutcome,
    Status,
    StepAttempt,
    StoredValue,
    TaskId,
    Usage,
)
from tenuto.pipelines.worker.files import Contents, all_values
from tenuto.pipelines.worker.results import Result, failed, shares, tail, texts_without_nul
from tenuto.pipelines.worker.tools import Handed, Tools

_LOG = "log.jsonl"

Tell = Callable[[Result], None]


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done: ``tasks`` of one node, each with its item of what they are given.

    ``step`` and ``code_folder`` say where the function lies; without a step it is the worker's own to do.
    """

    attempt: str
    run: RunRecord
    node: Node
    tasks: tuple[TaskId, ...]
    items: tuple[AttemptItem, ...]
    inputs: dict[str, StoredValue]
    own_step: str | None = None
    step: str = ""
    code_folder: str = ""


class Attempt:
    """Use once: ``run`` in one thread, ``cancel`` from any."""

    def __init__(self, tools: Tools, contents: Contents, work: Work) -> None:
        self._tools = tools
        self._contents = contents
        self._work = work
        self._cancelled = threading.Event()
        self._ended: dict[TaskId, ItemOutcome] = {}
        self._told: set[TaskId] = set()

    @property
    def id(self) -> str:
        return self._work.attempt

    def cancel(self) -> None:
        self._cancelled.set()
        self._tools.executor.cancel(self.id)

    def run(self, tell: Tell) -> None:
        """Do it, and tell each news. The last one is ``over``, whatever goes wrong around the step."""
        usage, log = None, ""
        try:
            with self._contents.attempt(self.id) as folder:
                try:
                    usage = self._do(folder, tell)
                finally:
                    log = tail(folder / _LOG)
        except Exception as error:  # noqa: BLE001 (a supervisor: told as what became of the tasks)
            self._fail(error)
        usages = {} if usage is None else shares(usage, self._ended)
        tell(Result(self.id, self._work.node.name, self._untold(), usages, log, over=True))

    def _do(self, folder: Path, tell: Tell) -> Usage | None:
        if self._cancelled.is_set():
            self._ended = {task: ItemOutcome(task.item, Status.CANCELLED) for task in self._work.tasks}
            return None
        if self._work.own_step is not None:
            self._do_own(self._work.own_step, folder)
            return None
        return self._do_in_child(folder, tell)

    def _do_in_child(self, folder: Path, tell: Tell) -> Usage:
        spec = self._spec(folder)
        outputs = Path(spec.output_folder)

        def ended(outcome: ItemOutcome) -> None:
            self._keep(outcome, outputs)
            if len(spec.items) > 1:  # a single one is told with the attempt's end, in one transaction
                tell(Result(self.id, self._work.node.name, self._untold()))

        outcome = self._tools.executor.run(spec, ended)
        for item in outcome.items:
            if TaskId(self._work.node.name, item.index) not in self._ended:
                self._keep(item, outputs)
        return outcome.usage

    def _do_own(self, name: str, folder: Path) -> None:
        for task, item in zip(self._work.tasks, self._work.items, strict=True):
            inputs = {**self._work.inputs, **item.inputs}
            handed = Handed(self._work.run, self._work.node, task, inputs, self._tools.blobs, folder)
            outputs = dict(self._tools.own_steps.run(name, handed))
            self._contents.keep(outputs.values(), folder)
            self._ended[task] = ItemOutcome(task.item, Status.SUCCEEDED, outputs)

    def _keep(self, outcome: ItemOutcome, folder: Path) -> None:
        """Store the contents of an outcome and remember it. Contents that are not as told fail their item."""
        try:
            kept = self._contents.stored(self._work.node, outcome, folder)
        except Exception as error:  # noqa: BLE001 (a supervisor: told as what became of the item)
            kept = failed(outcome.index, error)
        task = TaskId(self._work.node.name, outcome.index)
        self._ended[task] = texts_without_nul(kept, ItemOutcome)

    def _fail(self, error: Exception) -> None:
        for task in self._work.tasks:
            if task not in self._ended:
                self._ended[task] = texts_without_nul(failed(task.item, error), ItemOutcome)

    def _untold(self) -> dict[TaskId, ItemOutcome]:
        """Return what has ended and was not told yet."""
        fresh = {task: outcome for task, outcome in self._ended.items() if task not in self._told}
        self._told |= fresh.keys()
        return fresh

    def _spec(self, folder: Path) -> StepAttempt:
        work, node = self._work, self._work.node
        return StepAttempt(
            attempt_id=work.attempt,
            step=work.step,
            items=work.items,
            inputs=work.inputs,
            input_types={one.name: one.type for one in node.inputs},
            outputs=node.outputs,
            returns=node.returns,
            files=self._contents.local(all_values(work.inputs, [item.inputs for item in work.items])),
            code_folder=work.code_folder,
            output_folder=str(folder / "outputs"),
            log_file=str(folder / _LOG),
            timeout=node.options.timeout,
            resources=node.options.resources,
            inline=node.options.inline,
        )
