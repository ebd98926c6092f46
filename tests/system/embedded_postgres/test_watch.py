"""Who owns the server keeps it running: it is started again when it ended, and when it is silent for too long."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from system.embedded_postgres.recipes import Rows, embedded, kill_hard, state_of, until
from tenuto.app.database_watch import DatabaseWatch
from tenuto.store.embedded.server import Server

pytestmark = pytest.mark.system


class _Watched:
    """A server under a watch that knocks at every look, and what was told meanwhile."""

    def __init__(self, home: Path) -> None:
        self.told: list[str] = []
        self._home = home
        self._start = partial(embedded(home).start, take_over=True)
        self.server = self._start()
        self.watch = DatabaseWatch(self.server, self._start, self.told.append, looks_per_knock=1)

    def next_server(self, pid: int | None) -> Server:
        until(lambda: self.told[-1:] == ["database answers again"], "the next server", limit=60.0)
        new = embedded(self._home).attach()
        assert new.pid not in {None, pid}
        return new


def test_a_killed_server_is_started_again(home: Path) -> None:
    watched = _Watched(home)
    first = watched.server.pid
    assert first is not None
    with Rows(watched.server) as rows, watched.watch.watching():
        kill_hard(first)
        assert rows.lost(watched.next_server(first)) == set()


def test_a_server_that_stays_silent_is_ended_and_started_again(home: Path) -> None:
    """Its processes go on for those who are connected, and nobody else comes in: no row of theirs is lost."""
    watched = _Watched(home)
    first = watched.server.pid
    assert first is not None
    with Rows(watched.server) as rows, watched.watch.watching():
        os.kill(first, signal.SIGSTOP)
        new = watched.next_server(first)
        assert state_of(first) == ""
        assert rows.lost(new) == set()
        assert watched.told[0] == "database does not answer, ending it and starting again"


def test_a_server_that_is_silent_for_a_moment_is_left_alone(home: Path) -> None:
    watched = _Watched(home)
    first = watched.server.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    assert not watched.server.speaks()
    with watched.watch.watching():
        os.kill(first, signal.SIGCONT)
        until(watched.server.answers, "an answer")
        assert watched.server.pid == first
        assert watched.told == []
