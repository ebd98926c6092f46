"""A database that does not start at once is tried again, whatever the trouble, and each trouble is told once."""

from __future__ import annotations

import threading

import pytest

from tenuto.app.database_watch import DatabaseWatch
from tenuto.core.errors import TenutoError
from tenuto.store.embedded.errors import NO_SPACE
from tenuto.store.embedded.server import Server

pytestmark = pytest.mark.capability("O2")


class SimulatedServer(Server):
    """A server without a process: it has ended when the test says so."""

    def __init__(self, *, ended: bool = False) -> None:
        self.ended = ended
        self.stopped = False

    def has_ended(self) -> bool:
        return self.ended

    def speaks(self) -> bool:
        return True

    def let_go(self) -> None:
        assert self.ended

    def rotate_log(self) -> None:
        return

    def stop(self) -> None:
        self.stopped = True


def test_it_is_tried_until_it_starts() -> None:
    troubles: list[Exception] = [
        TenutoError(NO_SPACE),
        TenutoError(NO_SPACE),
        OSError("odd"),
        RuntimeError("odder"),
    ]
    again, told, back = SimulatedServer(), list[str](), threading.Event()

    def start() -> Server:
        if troubles:
            raise troubles.pop(0)
        return again

    def notice(what: str) -> None:
        told.append(what)
        if what == "database answers again":
            back.set()

    with DatabaseWatch(SimulatedServer(ended=True), start, notice).watching():
        assert back.wait(60)
    assert again.stopped
    assert [what.partition(":")[0] for what in told] == [
        "database ended, starting again",
        *["database does not start, trying on"] * 3,
        "database answers again",
    ]
    assert "Free at least 200 MB" in told[1]


def test_a_platform_that_stops_meanwhile_waits_for_no_start() -> None:
    tried = threading.Event()

    def start() -> Server:
        tried.set()
        raise TenutoError(NO_SPACE)

    with DatabaseWatch(SimulatedServer(ended=True), start, lambda _what: None).watching():
        assert tried.wait(60)
