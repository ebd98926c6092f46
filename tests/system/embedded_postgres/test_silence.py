"""A server that lives and does not answer is left alone for a while, then named; no second one is started."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from system.embedded_postgres.recipes import Child, Rows, connect, data_of, embedded, state_of, until
from tenuto.core.errors import TenutoError
from tenuto.store.embedded.processes import postmaster_of, working_on
from tenuto.store.embedded.server import Server
from tenuto.store.embedded.words import Patience, Progress, Stage

pytestmark = pytest.mark.system
BRIEF = Patience(silence=0.6, orphans=0.2, fast_stop=0.5, immediate_stop=0.5)


@contextmanager
def stopped(server: Server) -> Iterator[int]:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    until(lambda: state_of(server.pid or 0) == "T", "the stop of the server")
    try:
        yield server.pid
    finally:
        if state_of(server.pid or 0) == "T":
            os.kill(server.pid or 0, signal.SIGCONT)


def test_a_silent_server_is_left_alone_and_named(home: Path) -> None:
    assert Patience().silence == 30.0
    with embedded(home).start() as server, connect(server) as open_connection:
        with stopped(server) as pid:
            before = sorted(working_on(data_of(home)))
            with pytest.raises(TenutoError) as raised:
                embedded(home, BRIEF).start()
            assert raised.value.fault.code == "store.postgres_silent"
            assert raised.value.context == {"pid": pid}
            assert raised.value.fault.retryable
            assert sorted(working_on(data_of(home))) == before
            with pytest.raises(TenutoError) as raised:
                embedded(home, BRIEF).attach()
            assert raised.value.fault.code == "store.postgres_silent"
            assert open_connection.execute("select 1").fetchone() == (1,)
        joined = embedded(home).start()
        assert (joined.pid, joined.owned) == (pid, False)


def test_a_server_that_wakes_in_time_is_joined(home: Path) -> None:
    with embedded(home).start() as server, stopped(server) as pid:
        naps = 0

        def wake_later(_seconds: float) -> None:
            nonlocal naps
            naps += 1
            if naps == 2:
                os.kill(pid, signal.SIGCONT)

        supervisor = embedded(home)
        supervisor._pause = wake_later
        assert supervisor.start().pid == pid
        assert naps >= 2


def test_stop_ends_a_server_that_does_not_listen(home: Path) -> None:
    server = embedded(home, BRIEF).start()
    with Rows(server) as rows:
        with stopped(server):
            server.stop()
        assert working_on(data_of(home)) == []
        with embedded(home).start() as new:
            assert rows.lost(new) == set()


def test_stop_may_be_called_again_and_after_a_kill(home: Path) -> None:
    server = embedded(home).start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    server.stop()
    assert not server.answers()
    embedded(home).start().stop()  # clears the shared memory of the killed one


def test_stop_leaves_the_server_that_somebody_else_started_meanwhile(home: Path) -> None:
    old = embedded(home).start()
    assert old.pid is not None
    os.kill(old.pid, signal.SIGKILL)
    with Child(home, "hold") as child:
        new = child.said()["pid"]
        old.stop()
        assert postmaster_of(data_of(home)) == new
        embedded(home).start(take_over=True).stop()


def test_old_processes_that_do_not_end_are_named(home: Path) -> None:
    old = embedded(home).start()
    with connect(old) as idle:
        orphan = idle.info.backend_pid
        os.kill(orphan, signal.SIGSTOP)
        assert old.pid is not None
        os.kill(old.pid, signal.SIGKILL)
        stages: list[Progress] = []
        with pytest.raises(TenutoError) as raised:
            embedded(home, Patience(silence=0.5, orphans=60.0)).start(progress=stages.append)
        assert raised.value.fault.code == "store.postgres_old_processes"
        assert str(orphan) in raised.value.detail
        assert stages[-1].stage is Stage.ENDING_OLD
        os.kill(orphan, signal.SIGKILL)
    with embedded(home).start() as new:
        assert new.answers()
    old.stop()


def test_no_signal_for_us_reaches_the_server(home: Path) -> None:
    """Ctrl-C goes to the foreground process group; the server is in a session of its own."""
    with embedded(home).start() as server:
        assert server.pid is not None
        assert os.getsid(server.pid) == server.pid != os.getsid(0)
