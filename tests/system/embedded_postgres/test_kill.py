"""kill -9 of the server and a start at once: it ends with a server that answers and no committed row lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from system.embedded_postgres.recipes import (
    Child,
    Rows,
    adopting_orphans,
    ask,
    connect,
    data_of,
    embedded,
    kill_hard,
    state_of,
    until,
)
from tenuto.core.errors import TenutoError
from tenuto.store.embedded.processes import postmaster_of, working_on
from tenuto.store.embedded.words import Patience, Progress, Stage

pytestmark = pytest.mark.system


def test_kill_and_start_at_once_again_and_again(home: Path) -> None:
    for _ in range(4):
        old = embedded(home).start()
        assert old.pid is not None
        with Rows(old) as rows:
            kill_hard(old.pid)
            with embedded(home).start() as new:
                assert new.pid != old.pid
                assert rows.lost(new) == set()
                assert len(rows.confirmed) >= 20
        old.stop()


def test_start_while_the_dead_server_is_a_zombie_of_a_stranger(home: Path) -> None:
    with adopting_orphans():
        with Child(home, "start") as child:
            zombie = child.said()["pid"]
            child.process.wait()
        server = embedded(home).attach()
        with Rows(server) as rows:
            kill_hard(zombie)
            with embedded(home).start() as new:
                assert state_of(zombie) == "Z"
                assert new.pid != zombie
                assert rows.lost(new) == set()
        assert state_of(zombie) == "Z"
        os.waitpid(zombie, 0)


def test_an_orphan_that_hangs_is_ended_and_nobody_else(home: Path) -> None:
    old = embedded(home).start()
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=data_of(home))
    with Rows(old) as rows, connect(old) as idle:
        orphan = idle.info.backend_pid
        os.kill(orphan, signal.SIGSTOP)
        until(lambda: state_of(orphan) == "T", "the stop of the orphan")
        assert old.pid is not None
        kill_hard(old.pid)
        stages: list[Progress] = []
        with embedded(home).start(progress=stages.append) as new:
            assert Stage.ENDING_OLD in {progress.stage for progress in stages}
            assert orphan not in working_on(data_of(home))
            assert rows.lost(new) == set()
            assert bystander.poll() is None
    old.stop()
    bystander.communicate()


def test_an_orphan_that_ends_by_itself_is_waited_for(home: Path) -> None:
    old = embedded(home).start()
    with connect(old) as idle:
        orphan = idle.info.backend_pid
        os.kill(orphan, signal.SIGSTOP)
        assert old.pid is not None
        kill_hard(old.pid)
        seen = threading.Event()
        patient = embedded(home, Patience(silence=60.0, orphans=60.0))

        def let_go(progress: Progress) -> None:
            if progress.stage is Stage.ENDING_OLD and not seen.is_set():
                seen.set()
                os.kill(orphan, signal.SIGCONT)

        with patient.start(progress=let_go) as new:
            assert seen.is_set()
            assert new.answers()
    old.stop()


def test_kill_of_the_holder_leaves_the_server_to_those_attached(home: Path) -> None:
    with Child(home, "hold") as holder:
        pid = holder.said()["pid"]
        attached = embedded(home).attach()
        with connect(attached) as connection:
            connection.execute("create table mine (n int)")
            holder.kill()
            connection.execute("insert into mine values (1)")
            assert attached.answers()
        attached.stop()
        assert attached.answers(), "who is only attached stops nothing"
        joined = embedded(home).start()
        assert (joined.pid, joined.owned) == (pid, False)
        joined.stop()
        assert joined.answers()
        with embedded(home).start(take_over=True) as taken:
            assert (taken.pid, taken.owned) == (pid, True)
            assert ask(taken, "select count(*) from mine") == 1
        assert working_on(data_of(home)) == []


def test_kill_while_another_process_is_attached(home: Path) -> None:
    with embedded(home).start() as old, Child(home, "attach") as other:
        assert other.said() == {
            "pid": old.pid,
            "owned": False,
            "folder": old.info.folder,
            "uid": os.geteuid(),
        }
        assert old.pid is not None
        kill_hard(old.pid)
        with embedded(home).start() as new:
            assert embedded(home).attach().pid == new.pid != old.pid


def test_kill_of_a_backend_leaves_the_server_standing(home: Path) -> None:
    with embedded(home).start() as server, Rows(server) as rows, connect(server) as idle:
        kill_hard(idle.info.backend_pid)
        until(server.answers, "the server's own recovery")
        with embedded(home).start() as same:
            assert (same.pid, same.owned) == (server.pid, False)
            assert rows.lost(same) == set()


def test_recovery_takes_as_long_as_it_takes(home: Path) -> None:
    """The server recovers from an archive that is slow to say it holds nothing."""
    embedded(home).start().stop()
    (data_of(home) / "recovery.signal").touch(mode=0o600)
    slow = {"restore_command": "sleep 0.4; false", "hot_standby": "off"}
    stages: list[Progress] = []
    impatient = Patience(silence=0.3)
    with embedded(home, impatient, settings=slow).start(progress=stages.append) as server:
        recovering = [progress.seconds for progress in stages if progress.stage is Stage.RECOVERING]
        assert max(recovering) - min(recovering) > 0.3
        assert server.answers()


def test_a_server_killed_while_it_starts_is_told_so_and_starts_the_next_time(home: Path) -> None:
    embedded(home).start().stop()
    (data_of(home) / "recovery.signal").touch(mode=0o600)
    slow = {"restore_command": "sleep 0.2; false", "hot_standby": "off"}

    def kill_it(progress: Progress) -> None:
        victim = postmaster_of(data_of(home))
        if progress.stage is Stage.RECOVERING and victim is not None:
            kill_hard(victim)

    with pytest.raises(TenutoError) as raised:
        embedded(home, settings=slow).start(progress=kill_it)
    assert raised.value.fault.code == "store.postgres_start_killed"
    assert raised.value.fault.retryable
    with embedded(home, settings=slow).start() as server:
        assert server.answers()


def test_warm_restart_keeps_what_was_committed(home: Path) -> None:
    with embedded(home).start() as server, connect(server) as connection:
        connection.execute("create table t as select generate_series(1, 1000) n")
    with embedded(home).start() as server:
        assert ask(server, "select count(*) from t") == 1000
