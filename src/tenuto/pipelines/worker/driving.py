"""Drive one held run: decide, journal, begin, wait; again until it ends or this worker may not go on."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.pipelines.errors import LEASE_LOST, RUN_STUCK
from tenuto.pipelines.records import Held
from tenuto.pipelines.rules import inputs as given
from tenuto.pipelines.rules.progress import chunks, decide
from tenuto.pipelines.values.storing import split
from tenuto.pipelines.words import Decision, Status, StoredValue, TaskId, TaskState, TaskStatus
from tenuto.pipelines.worker.attempt import Attempt
from tenuto.pipelines.worker.attempts import Attempts
from tenuto.pipelines.worker.code import Code
from tenuto.pipelines.worker.files import Contents, project
from tenuto.pipelines.worker.journal import Journal
from tenuto.pipelines.worker.lease import Lease
from tenuto.pipelines.worker.looking_up import Asked, Found
from tenuto.pipelines.worker.results import Result, failed
from tenuto.pipelines.worker.slots import Slots
from tenuto.pipelines.worker.tools import Tools

_log = logging.getLogger(__name__)
_TURN_SECONDS = 0.5
_SHORT_WAIT_SECONDS = 2.0  # giving the run back and taking it up again would take about as long


class Holding(msgspec.Struct, frozen=True):
    """What a worker has in hands of a run it holds."""

    journal: Journal
    contents: Contents
    code: Code
    lease: Lease


def drive(tools: Tools, held: Held, slots: Slots, stopping: threading.Event) -> None:
    """Go on with a run until it ends, waits for a later time, is lost, or the worker is told to stop."""
    lease = Lease(tools, held)
    lease.start()
    try:
        contents = Contents(tools.blobs, tools.scratch, held)
        try:
            journal = Journal(tools, held)
            code = Code(tools, project(tools.blobs, tools.projects, held.run.code, contents.folder))
            holding = Holding(journal, contents, code, lease)
            Drive(tools, held, holding, Attempts(tools, slots, held.run.id), stopping).run()
        finally:
            contents.clear()
    except TenutoError as error:
        if error.fault is not LEASE_LOST:
            raise
        _log.warning("run.lost run=%s fence=%d", held.run.id, held.fence)
    finally:
        lease.stop()


class Drive:
    """One run on this worker, from the moment it is held."""

    def __init__(
        self, tools: Tools, held: Held, holding: Holding, attempts: Attempts, stopping: threading.Event
    ) -> None:
        self._tools = tools
        self._run = held.run
        self._journal, self._lease = holding.journal, holding.lease
        self._contents, self._code = holding.contents, holding.code
        self._stopping = stopping
        self._attempts = attempts
        self._found: dict[TaskId, Found] = {}  # looked up, and not begun yet
        self._queue: deque[tuple[TaskId, ...]] = deque()
        self._ready: list[tuple[TaskId, ...]] = []  # journalled as running, and begun when that is committed
        self._news: list[Result] = []

    def run(self) -> None:
        going = True
        try:
            self._journal.recover()
            while going and not self._stopping.is_set():
                going = self._turn()
        finally:
            self._attempts.close()
        if going:
            self._leave()

    def _turn(self) -> bool:
        """One round. Returns False when there is nothing more to do here."""
        self._obey()
        news, self._news = self._news, []
        decision = self._advance(news)
        self._begin()
        if decision.finished is not None:
            return False
        if decision.expand:
            for node in decision.expand:
                self._expand(node)
            return True
        return self._wait(decision)

    def _advance(self, news: Sequence[Result]) -> Decision:
        """Journal what has ended, and with it all that follows; return what is left to do."""
        try:
            with self._journal.together():
                self._journal.settle(news)
                return self._go_on()
        except Exception:
            self._journal.settle(news)  # trouble with what comes next is no reason to do it again
            raise

    def _go_on(self) -> Decision:
        while True:
            decision = decide(self._journal.state, self._tools.desk.clock.now())
            if decision.changes:
                self._journal.change(decision.changes)
            elif decision.expand:
                return decision
            elif decision.finished is not None:
                self._journal.finish(decision.finished)
                return decision
            elif fresh := [task for task in decision.start if task not in self._found]:
                self._take_up(fresh)
            elif begun := self._next():
                self._start(begun)
            else:
                return decision

    def _obey(self) -> None:
        if self._lease.lost:
            raise TenutoError(LEASE_LOST, self._run.id)
        if self._lease.cancelled:
            self._journal.cancel()
            self._queue.clear()
            self._found.clear()
            self._attempts.cancel()

    def _expand(self, name: str) -> None:
        """Journal the items of a map. A list that cannot be mapped over is its node's failure."""
        try:
            items = self._items(name)
        except TenutoError as error:
            self._journal.change({TaskId(name): _impossible(error)})
        else:
            self._journal.expand(name, items)

    def _items(self, name: str) -> tuple[StoredValue, ...]:
        state = self._journal.state
        node = state.graph.node(name)
        [mapped] = [one for one in node.inputs if one.name == node.over]
        whole = given.list_to_map(state, node)
        with self._contents.attempt(self._tools.desk.ids.new()) as folder:
            files = self._contents.local([whole])
            items = split(whole, mapped.type, files, folder)
            given.require_items(node, len(items))
            self._contents.keep(items, folder)
        return items

    def _take_up(self, tasks: Iterable[TaskId]) -> None:
        """Journal the results that are there already and what there is room for as running, queue the rest."""
        asked = self._asked(tasks)
        if not asked:
            return
        begun: list[tuple[TaskId, ...]] = []

        def choose(missing: list[TaskId]) -> list[tuple[TaskId, ...]]:
            others_wait = bool(self._queue)
            self._queue.extend(chunks(missing, self._tools.slots))
            if not others_wait:
                begun.extend(self._next())
            return begun

        found = self._journal.take_up(asked, self._contents.there, choose)
        self._found |= {task: one for task, one in found.items() if one.outputs is None}
        self._ready += begun

    def _start(self, begun: list[tuple[TaskId, ...]]) -> None:
        """Journal chunks as running that there is room for."""
        self._journal.start({task: self._found[task] for chunk in begun for task in chunk}, begun)
        self._ready += begun

    def _next(self) -> list[tuple[TaskId, ...]]:
        """Return as many chunks of the queue as there is room for now."""
        return [self._queue.popleft() for _ in range(self._attempts.room(len(self._queue)))]

    def _begin(self) -> None:
        """Begin what the journal says is running: never before that is committed."""
        state, ready, self._ready = self._journal.state, self._ready, []
        for chunk in ready:
            work = self._code.work(self._run, state, chunk, [self._found.pop(task) for task in chunk])
            self._attempts.begin(Attempt(self._tools, self._contents, work))

    def _asked(self, tasks: Iterable[TaskId]) -> dict[TaskId, Asked]:
        """Return what to look up. A task that cannot even be started fails, with the reason for its author."""
        asking, asked, broken = self._code.asking(self._journal.state, self._run.seed), {}, {}
        for task in tasks:
            try:
                asked[task] = asking(task)
            except TenutoError as error:
                broken[task] = _impossible(error)
        if broken:
            self._journal.change(broken)
        return asked

    def _wait(self, decision: Decision) -> bool:
        if self._attempts.busy:
            self._news = self._attempts.wait(_TURN_SECONDS)
            return True
        if decision.wake_at is None:
            raise TenutoError(RUN_STUCK, self._run.id)
        left = (decision.wake_at - self._tools.desk.clock.now()).total_seconds()
        if left > _SHORT_WAIT_SECONDS:
            self._journal.let_go(left)
            return False
        self._stopping.wait(max(0.0, min(left, _TURN_SECONDS)))
        return True

    def _leave(self) -> None:
        """Give the run back with all that is done of it; what was ended here for that has not been tried."""
        news = self._news
        while news:
            self._journal.settle([_successes(one) for one in news])
            news = self._attempts.wait(0.0)
        self._journal.let_go(0.0)


def _impossible(error: TenutoError) -> TaskState:
    if error.fault.retryable:
        raise error
    return TaskState(TaskStatus.FAILED, error=failed(None, error).error)


def _successes(result: Result) -> Result:
    done = {task: one for task, one in result.outcomes.items() if one.status is Status.SUCCEEDED}
    return msgspec.structs.replace(result, outcomes=done)
