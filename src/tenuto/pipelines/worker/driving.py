"""Drive one held run: decide, journal, begin, wait; again until it ends or this worker may not go on."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable

from tenuto.core.errors import TenutoError
from tenuto.pipelines import queries
from tenuto.pipelines.errors import LEASE_LOST, RUN_STUCK
from tenuto.pipelines.records import Held
from tenuto.pipelines.rules import inputs as given
from tenuto.pipelines.rules.progress import chunks, decide
from tenuto.pipelines.values.storing import split
from tenuto.pipelines.words import Decision, ItemOutcome, TaskId, Usage
from tenuto.pipelines.worker.attempts import Attempts, Result
from tenuto.pipelines.worker.files import Contents, project
from tenuto.pipelines.worker.journal import Journal, Lookup
from tenuto.pipelines.worker.tools import OWN, Handed, Tools

_log = logging.getLogger(__name__)
_TURN_SECONDS = 0.5


class Drive:
    """One run on this worker, from the moment it is held."""

    def __init__(self, tools: Tools, held: Held) -> None:
        self._tools = tools
        self._held = held
        self._journal = Journal(tools, held)
        folder = tools.scratch / held.run.id
        self._contents = Contents(tools.blobs, folder)
        self._attempts = Attempts(
            tools, self._contents, project(tools.blobs, tools.projects, held.run.code, folder)
        )
        self._lease = Lease(tools, held)

    def run(self) -> None:
        """Go on until the run ends, waits for a later time, or is lost to another worker."""
        self._lease.start()
        try:
            self._journal.recover()
            while self._turn():
                pass
        except TenutoError as error:
            if error.fault is not LEASE_LOST:
                raise
            _log.warning("run.lost run=%s fence=%d", self._held.run.id, self._held.fence)
        finally:
            self._lease.stop()
            self._attempts.close()
            self._contents.clear()

    def _turn(self) -> bool:
        """One round. Returns False when there is nothing more to do here."""
        self._obey()
        decision = decide(self._journal.state, self._tools.desk.clock.now())
        if decision.changes:
            self._journal.change(decision.changes)
            return True
        if decision.expand:
            for node in decision.expand:
                self._expand(node)
            return True
        if decision.finished is not None:
            self._journal.finish(decision.finished)
            return False
        if decision.start:
            self._start(decision.start)
            return True
        return self._wait(decision)

    def _obey(self) -> None:
        if self._lease.lost:
            raise TenutoError(LEASE_LOST, self._held.run.id)
        if self._lease.cancelled and not self._journal.state.cancelled:
            self._journal.cancel()
            self._attempts.cancel()

    def _expand(self, name: str) -> None:
        state = self._journal.state
        node = state.graph.node(name)
        [mapped] = [one for one in node.inputs if one.name == node.over]
        whole = given.list_to_map(state, node)
        with self._contents.attempt(self._tools.desk.ids.new()) as folder:
            files = self._contents.local([whole])
            items = split(whole, mapped.type, files, folder)
            self._contents.keep(items, folder)
        given.require_items(node, len(items))
        self._journal.expand(name, items)

    def _start(self, tasks: Iterable[TaskId]) -> None:
        """Look results up, journal that the rest runs, then begin it."""
        state, seed = self._journal.state, self._held.run.seed
        asked = {}
        for task in tasks:
            key, parts = self._attempts.key_of(state, task, seed)
            asked[task] = (key, parts, self._is_cached(task))
        lookups = {task: self._if_there(found) for task, found in self._journal.look_up(asked).items()}
        self._journal.start(lookups)
        running = [task for task, found in lookups.items() if found.outputs is None]
        keys = {task: found.key for task, found in lookups.items()}
        for chunk in chunks(running, self._tools.slots):
            node = state.graph.node(chunk[0].node)
            shared = given.shared_inputs(state, node)
            handed = Handed(self._held.run, node, shared, self._tools.blobs, self._tools.scratch)
            self._attempts.begin(handed, state, chunk, keys)

    def _is_cached(self, task: TaskId) -> bool:
        node = self._journal.state.graph.node(task.node)
        own = node.step.startswith(OWN) and self._tools.own_steps.has(node.step.removeprefix(OWN))
        return node.options.cache and not own

    def _if_there(self, found: Lookup) -> Lookup:
        """Take a result only if its contents are still stored."""
        if found.outputs is None or self._contents.there(found.outputs.values()):
            return found
        why = ["it ran before, but its contents are no longer stored"]
        return Lookup(found.key, found.parts, "miss", why)

    def _wait(self, decision: Decision) -> bool:
        if self._attempts.busy:
            self._take(self._attempts.wait(_TURN_SECONDS))
            return True
        if decision.wake_at is not None:
            self._journal.let_go(decision.wake_at)
            return False
        raise TenutoError(RUN_STUCK, self._held.run.id)

    def _take(self, news: Iterable[Result]) -> None:
        outcomes: dict[TaskId, ItemOutcome] = {}
        usages: dict[str, Usage | None] = {}
        for one in news:
            outcomes |= one.outcomes
            if one.over:
                usages[one.node] = one.usage
            if one.log:
                self._journal.keep_log(one.node, one.attempt, one.log)
        by_node: dict[str, dict[TaskId, ItemOutcome]] = defaultdict(dict)
        for task, outcome in outcomes.items():
            by_node[task.node][task] = outcome
        for node, ended in by_node.items():
            self._journal.settle(ended, usages.get(node))


class Lease:
    """Keeps a run ours while it is driven, and hears of cancellation on the way."""

    def __init__(self, tools: Tools, held: Held) -> None:
        self._tools = tools
        self._held = held
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{held.run.id[:8]}", daemon=True)
        self.lost = False
        self.cancelled = held.run.cancelled

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=5)

    def _keep(self) -> None:
        every = min(1.0, self._tools.lease_seconds / 3)
        while not self._stopping.wait(every):
            try:
                with self._tools.desk.database.begin(self._held.run.scope) as tx:
                    answer = queries.renew(tx, self._held, self._tools.lease_seconds)
            except TenutoError as error:
                # The database is away. Whoever holds the lease when it is back is told by the fence.
                _log.warning("lease.unrenewed run=%s fault=%s", self._held.run.id, error.fault.code)
                continue
            if answer is None:
                self.lost = True
                return
            self.cancelled = self.cancelled or answer
