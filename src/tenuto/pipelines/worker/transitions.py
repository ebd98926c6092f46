"""Transitions of a held run on their way into the journal, and its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

from tenuto.core.words import Event, Verdict
from tenuto.govern.audit.writing import Entry, write_entries
from tenuto.pipelines import queries
from tenuto.pipelines.records import Held
from tenuto.pipelines.words import RunStatus
from tenuto.pipelines.worker.tools import Tools
from tenuto.store.database import Transaction

_VERDICT = Verdict.system("the run was allowed when it was submitted")


class Transitions:
    """Transitions that are written in one transaction: all of them count, or none. Use once.

    The transaction is opened for the first of them, and raises when the run is held by somebody else by now.
    """

    def __init__(self, tools: Tools, held: Held) -> None:
        self._tools = tools
        self._held = held
        self._stack = ExitStack()
        self._tx: Transaction | None = None
        self._passed: list[str] = []

    @contextmanager
    def written(self, before: str, after: str) -> Iterator[Transaction]:
        """Write one transition. Its points are passed when it is written, and when it is committed."""
        if self._tx is None:
            begun = self._tools.desk.database.begin(self._held.run.scope)
            self._tx = self._stack.enter_context(begun)
            queries.require_held(self._tx, self._held)
        yield self._tx
        self._tools.passing(before)
        self._passed.append(after)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        if kind is None:
            for point in self._passed:
                self._tools.passing(point)


def write_end(tx: Transaction, tools: Tools, held: Held, status: RunStatus, reason: str = "") -> None:
    """Write the run's end with its audit record and event. ``reason`` is why it ended before its time."""
    run, desk = held.run, tools.desk
    data = {"pipeline": run.pipeline, "status": status.value}
    if reason:
        data["reason"] = reason
    queries.finish(tx, held, status.value, reason or None)
    entry = Entry("pipelines:run:finish", run.ref, _VERDICT, "done", data)
    write_entries(tx, desk.clock, desk.ids, [entry], [Event("run.finished", run.id, data)])


def finish(tools: Tools, held: Held, status: RunStatus, reason: str) -> None:
    """End a run that cannot go on."""
    with Transitions(tools, held) as moves, moves.written("finishing", "finished") as tx:
        write_end(tx, tools, held, status, reason)
