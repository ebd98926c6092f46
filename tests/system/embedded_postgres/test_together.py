"""Several processes, one home: starts wait for each other, a crash frees them, no file serves two homes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from system.embedded_postgres.recipes import (
    HERE,
    Child,
    ask,
    data_of,
    embedded,
    interpreter_for_others,
    nothing_left,
    open_to_others,
    parents_as_they_are,
    state_of,
    until,
)
from tenuto.core.errors import TenutoError
from tenuto.store.embedded.processes import initialising, working_on
from tenuto.store.embedded.words import Patience, Progress, Stage

pytestmark = pytest.mark.system


def test_two_first_starts_at_once_give_one_server(new_home: Path) -> None:
    with Child(new_home, "hold") as one, Child(new_home, "hold") as two:
        said = [one.said(), two.said()]
        assert said[0]["pid"] == said[1]["pid"]
        assert sorted(answer["owned"] for answer in said) == [False, True]
    embedded(new_home).start(take_over=True).stop()
    assert working_on(data_of(new_home)) == []


def test_a_start_waits_for_another_and_names_it(home: Path) -> None:
    with Child(home, "lock") as holder:
        assert holder.said() == {"locked": True}
        stages: list[Progress] = []
        with pytest.raises(TenutoError) as raised:
            embedded(home, Patience(start_lock=0.2)).start(progress=stages.append)
        assert raised.value.fault.code == "store.postgres_start_busy"
        assert str(holder.process.pid) in raised.value.detail
        assert {progress.stage for progress in stages} == {Stage.WAITING}
        holder.kill()
        with embedded(home).start() as server:
            assert server.answers()


def test_a_first_start_killed_in_the_middle_is_done_again(new_home: Path) -> None:
    private = new_home / "postgres"
    with Child(new_home, "start") as child:
        until(lambda: list(private.glob("new-*/data/PG_VERSION")), "initdb at work")
        child.kill()
    assert not data_of(new_home).exists()
    assert list(private.glob("new-*"))
    with embedded(new_home).start() as server:
        assert ask(server, "select count(*) from pg_roles where rolname like 'tenuto%'") == 4
        assert not list(private.glob("new-*"))


def test_an_initdb_whose_starter_was_killed_is_ended_before_the_next(new_home: Path) -> None:
    """It would go on writing, and remove what it wrote, in the middle of being removed."""
    private = new_home / "postgres"
    with Child(new_home, "start") as child:
        [staging] = until(lambda: list(private.glob("new-*")), "a place to work in")
        pids = until(lambda: initialising(staging), "initdb at work")
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        child.kill()
    assert initialising(staging)
    with embedded(new_home).start() as server:
        assert ask(server, "select 1") == 1
        assert [state_of(pid) for pid in pids if state_of(pid) not in {"", "Z"}] == []
        assert not staging.exists()


def test_a_first_start_killed_before_the_roles_were_made_is_completed(new_home: Path) -> None:
    with Child(new_home, "start") as child:
        until((new_home / "postgres" / "run" / ".s.PGSQL.5432").exists, "a listening server")
        child.kill()
    joined = embedded(new_home).start(take_over=True)
    with joined as server:
        assert ask(server, "select count(*) from pg_roles where rolname like 'tenuto%'") == 4


WATCH = """
import json, os, sys, tempfile
written = []
def watch(event, args):
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    if event == "open" and isinstance(args[2], int) and args[2] & writes:
        written.append(str(args[0]))
    if event in ("os.mkdir", "os.chmod", "os.chown", "os.rename", "os.remove", "os.rmdir"):
        written.append(str(args[0]))
sys.addaudithook(watch)
sys.argv = json.loads(sys.argv[1])
sys.path.insert(0, os.path.dirname(sys.argv[0]))
import child
end = os._exit
os._exit = lambda code: (sys.stderr.write(json.dumps(written)), sys.stderr.flush(), end(code))
child.main()
"""


def test_nothing_is_written_outside_the_home(home: Path) -> None:
    command = [str(HERE / "child.py"), str(home), "start"]
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCH, json.dumps(command)], capture_output=True, text=True, check=True
    )
    embedded(home).start(take_over=True).stop()
    written = {Path(os.path.realpath(path)) for path in json.loads(done.stderr) if not path.isdigit()}
    outside = {path for path in written if not path.is_relative_to(home)}
    assert not [path for path in outside if path != Path(os.devnull) and not path.is_relative_to("/proc")]
    assert home / "postgres" / "start.lock" in written


def test_an_ordinary_user_starts_a_home_of_their_own_after_root_did(
    as_root: None, home: Path, short: Path
) -> None:
    """No file is shared by all homes: what root leaves behind bars nobody."""
    other = 65534
    found = interpreter_for_others(other)
    if found is None:
        pytest.skip("needs root and a Python that other users may run")
    python, environment = found
    theirs = short / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, other, other)
    short.chmod(0o711)
    before = parents_as_they_are(theirs)
    data = data_of(theirs / "home")
    with embedded(home).start() as ours, nothing_left(lambda: data):
        with Child(theirs / "home", "start", user=other, python=python, environment=environment) as child:
            said = child.said()
            assert (said["uid"], said["owned"]) == (other, True)
            assert said["pid"] != ours.pid
            child.process.wait()
        server = embedded(theirs / "home").attach()
        assert ask(server, "select 1") == 1
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in working_on(data)} == {other}
        assert open_to_others(theirs) == []
        embedded(theirs / "home").start(take_over=True).stop()
        with pytest.raises(TenutoError) as raised:
            embedded(theirs / "home").start()
        assert raised.value.fault.code == "store.postgres_home_not_ours"
    assert parents_as_they_are(theirs) == before
