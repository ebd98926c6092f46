"""Attempts under way: each in a thread that waits for its child, each result handed over as it comes."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import msgspec

import tenuto
from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Node
from tenuto.pipelines.code.digest import ProjectCode
from tenuto.pipelines.rules import inputs as given
from tenuto.pipelines.rules.keys import KeyParts, key_parts, seed_of, step_key
from tenuto.pipelines.words import (
    AttemptItem,
    ItemOutcome,
    RunState,
    Status,
    StepAttempt,
    StepError,
    StoredValue,
    TaskId,
    Usage,
)
from tenuto.pipelines.worker.files import Contents, all_values
from tenuto.pipelines.worker.tools import OWN, Handed, Tools

_INSTALLED = str(Path(tenuto.__file__).parents[1])
_LONGEST_LOG = 256 * 1024  # characters kept in the journal


_Work = Callable[[str, Handed, RunState, Sequence[TaskId], dict[TaskId, str]], tuple[Usage | None, str]]


class Result(msgspec.Struct, frozen=True):
    """News of an attempt: items that ended, or (``over``) the attempt's own end with its log."""

    attempt: str
    node: str
    outcomes: dict[TaskId, ItemOutcome]
    usage: Usage | None = None
    log: str = ""
    over: bool = False


class Attempts:
    """The attempts of one run on this worker. Results are taken with ``wait``."""

    def __init__(self, tools: Tools, contents: Contents, project: tuple[Path, ProjectCode]) -> None:
        self._tools = tools
        self._contents = contents
        self._folder, self._code = project
        self._threads = ThreadPoolExecutor(tools.slots, thread_name_prefix="attempt")
        self._news: queue.Queue[Result] = queue.Queue()
        self._running: dict[str, Future[None]] = {}

    @property
    def busy(self) -> bool:
        return bool(self._running) or not self._news.empty()

    def key_of(self, state: RunState, task: TaskId, seed: int) -> tuple[str, KeyParts]:
        node = state.graph.node(task.node)
        parts = key_parts(
            state, task, code=self._code_digest(node), environment=self._tools.environment.digest(), seed=seed
        )
        return step_key(parts), parts

    def begin(
        self, handed: Handed, state: RunState, tasks: Sequence[TaskId], keys: dict[TaskId, str]
    ) -> None:
        """Begin one attempt at tasks of one node. What they are given must be there already."""
        attempt = self._tools.desk.ids.new()
        work = self._own if self._is_own(handed.node) else self._in_child
        self._running[attempt] = self._threads.submit(
            self._guarded, work, attempt, handed, state, tuple(tasks), keys
        )

    def wait(self, seconds: float) -> list[Result]:
        """Return the news there are; wait for the first up to ``seconds``."""
        try:
            news = [self._news.get(timeout=seconds)]
        except queue.Empty:
            return []
        while not self._news.empty():
            news.append(self._news.get_nowait())
        for one in news:
            if one.over:
                self._running.pop(one.attempt, None)
        return news

    def cancel(self) -> None:
        for attempt in list(self._running):
            self._tools.executor.cancel(attempt)

    def close(self) -> None:
        self.cancel()
        self._threads.shutdown(wait=True)

    def _guarded(
        self,
        work: _Work,
        attempt: str,
        handed: Handed,
        state: RunState,
        tasks: Sequence[TaskId],
        keys: dict[TaskId, str],
    ) -> None:
        """Whatever goes wrong around a step is an outcome of it: nothing may leave a task running for ever."""
        try:
            with self._contents.attempt(attempt) as folder:
                own = msgspec.structs.replace(handed, folder=folder)
                usage, log = work(attempt, own, state, tasks, keys)
            news = Result(attempt, handed.node.name, {}, usage, log, over=True)
        except TenutoError as error:
            news = _failed(attempt, handed.node, tasks, error)
        except Exception as error:  # noqa: BLE001 (a supervisor: told as the step's own failure)
            news = _failed(attempt, handed.node, tasks, error)
        self._news.put(news)

    def _in_child(
        self,
        attempt: str,
        handed: Handed,
        state: RunState,
        tasks: Sequence[TaskId],
        keys: dict[TaskId, str],
    ) -> tuple[Usage | None, str]:
        node, by_index = handed.node, {task.item: task for task in tasks}
        log = handed.folder / "log.txt"
        spec = self._spec(attempt, handed, state, tasks, keys, log)

        told: set[int | None] = set()

        def ended(outcome: ItemOutcome) -> None:
            told.add(outcome.index)
            kept = self._contents.stored(node, outcome, Path(spec.output_folder))
            self._news.put(Result(attempt, node.name, {by_index[outcome.index]: kept}))

        outcome = self._tools.executor.run(spec, ended)
        for item in outcome.items:
            if item.index not in told:
                ended(item)
        return outcome.usage, _read_log(log)

    def _own(
        self,
        attempt: str,
        handed: Handed,
        state: RunState,
        tasks: Sequence[TaskId],
        _keys: dict[TaskId, str],
    ) -> tuple[Usage | None, str]:
        [task] = tasks
        whole = msgspec.structs.replace(handed, inputs=given.inputs_of(state, task))
        outputs = dict(self._tools.own_steps.run(handed.node.step.removeprefix(OWN), whole))
        self._contents.keep(outputs.values(), handed.folder)
        done = ItemOutcome(task.item, Status.SUCCEEDED, outputs)
        self._news.put(Result(attempt, handed.node.name, {task: done}))
        return None, ""

    def _spec(
        self,
        attempt: str,
        handed: Handed,
        state: RunState,
        tasks: Sequence[TaskId],
        keys: dict[TaskId, str],
        log: Path,
    ) -> StepAttempt:
        node = handed.node
        items = tuple(
            AttemptItem(task.item, _own_inputs(state, node, task), seed_of(keys[task])) for task in tasks
        )
        output = handed.folder / "outputs"
        return StepAttempt(
            attempt_id=attempt,
            step=self._reference(node),
            items=items,
            inputs=dict(handed.inputs),
            input_types={one.name: one.type for one in node.inputs},
            outputs=node.outputs,
            returns=node.returns,
            files=self._contents.local(all_values(handed.inputs, [item.inputs for item in items])),
            code_folder=self._code_folder(node),
            output_folder=str(output),
            log_file=str(log),
            timeout=node.options.timeout,
            resources=node.options.resources,
            inline=node.options.inline,
        )

    def _is_own(self, node: Node) -> bool:
        return node.step.startswith(OWN) and self._tools.own_steps.has(node.step.removeprefix(OWN))

    def _reference(self, node: Node) -> str:
        if not node.step.startswith(OWN):
            return node.step
        return self._tools.own_steps.code_of(node.step.removeprefix(OWN))

    def _code_folder(self, node: Node) -> str:
        """A shipped step lies where Tenuto itself is installed."""
        return _INSTALLED if node.step.startswith(OWN) else str(self._folder)

    def _code_digest(self, node: Node) -> str:
        """A shipped step changes with the version of Tenuto only."""
        if node.step.startswith(OWN):
            return digest_of(f"tenuto {tenuto.__version__} {node.step}".encode())
        return self._code.digest_of(node.step, node.options.files)


def _own_inputs(state: RunState, node: Node, task: TaskId) -> dict[str, StoredValue]:
    if node.over is None:
        return {}
    return {node.over: given.inputs_of(state, task)[node.over]}


def _failed(attempt: str, node: Node, tasks: Sequence[TaskId], error: Exception) -> Result:
    told = StepError(
        type(error).__name__,
        str(error),
        retryable=error.fault.retryable if isinstance(error, TenutoError) else False,
    )
    outcomes = {task: ItemOutcome(task.item, Status.FAILED, error=told) for task in tasks}
    return Result(attempt, node.name, outcomes, over=True)


def _read_log(path: Path) -> str:
    if not path.exists():
        return ""
    text = path.read_text("utf-8", "replace")
    return text[-_LONGEST_LOG:].replace("\x00", "\ufffd")
