"""Every process of a platform is killed in turn: it is started again, every door answers, nothing stays behind."""

from __future__ import annotations

import http.client
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.running import CommandLine, RunningPlatform, free_port, set_up, start_platform

pytestmark = pytest.mark.system

_WORRYING = re.compile(r" (WARNING|ERROR|FATAL|PANIC):")
_PROCESSES = ("control", "serving", "worker", "gateway")


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """One that may suffer: no other test uses it."""
    running = start_platform(tmp_path_factory.mktemp("restarts") / "home")
    try:
        set_up(running, CommandLine(tmp_path_factory.mktemp("owner")))
        yield running
    finally:
        assert running.stop() == 0


def _until(condition: Callable[[], Any], what: str, seconds: float = 90.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"did not happen within {seconds:g} s: {what}")


def _processes(home: Path) -> dict[str, int]:
    """Return the platform's processes on a home by their names, as the kernel lists them."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        words = _read(entry).split(b"\0")
        if f"--home={home}".encode() in words and b"tenuto.app.process" in words:
            found[words[words.index(b"tenuto.app.process") + 1].decode()] = int(entry.parent.name)
    return found


def _servers(home: Path) -> list[int]:
    """Return the database's first process, if it runs."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        words = _read(entry).split(b"\0")
        if words[0].endswith(b"/postgres") and str(home / "postgres" / "data").encode() in words:
            found.append(int(entry.parent.name))
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has just ended
        return b""


def _status(platform: RunningPlatform, path: str) -> int:
    connection = http.client.HTTPConnection(platform.address.removeprefix("http://"), timeout=30)
    try:
        connection.request("GET", path, headers={"authorization": f"Bearer {platform.key}"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _whole(platform: RunningPlatform) -> bool:
    """Whether each door answers: the data plane's own, the control plane's behind it, the prediction server's."""
    parts = (_status(platform, path) for path in ("/health/readiness", "/api/v1/whoami", "/v2/health/ready"))
    return all(status == 200 for status in parts) and set(_processes(platform.home)) == set(_PROCESSES)


@pytest.mark.parametrize("name", _PROCESSES)
def test_a_killed_process_is_started_again(platform: RunningPlatform, name: str) -> None:
    before = _until(lambda: _whole(platform) and _processes(platform.home), "a whole platform")
    os.kill(before[name], signal.SIGKILL)
    _until(lambda: _processes(platform.home).get(name, before[name]) != before[name], f"another {name}")
    _until(lambda: _whole(platform), "every door answers again")
    after = _processes(platform.home)
    assert {one for one in _PROCESSES if after[one] != before[one]} == {name}, "the others are left alone"
    tenuto = CommandLine(platform.home.parent, {"TENUTO_URL": platform.address, "TENUTO_TOKEN": platform.key})
    tenuto("audit", "verify")


def test_all_of_them_killed_at_once(platform: RunningPlatform) -> None:
    before = _until(lambda: _whole(platform) and _processes(platform.home), "a whole platform")
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    _until(lambda: not set(before.values()) & set(_processes(platform.home).values()), "the end of all")
    _until(lambda: _whole(platform), "every door answers again")


def test_a_killed_supervisor_leaves_nothing_that_the_next_start_does_not_take_over(tmp_path: Path) -> None:
    """The processes of the killed one still end when the next start looks for its port."""
    home, port = tmp_path / "home", free_port()
    first = start_platform(home, port=port)
    tenuto = CommandLine(tmp_path)
    set_up(first, tenuto)
    [database] = _servers(home)
    first.process.kill()
    first.process.communicate()
    second = start_platform(home, port=port)
    try:
        assert second.token is None, "there is an owner"
        second.key = first.key
        assert _whole(second)
        assert not set(first.pids.values()) & set(_processes(home).values())
        assert _servers(home) == [database], "the database went on, and is the next one's to end"
    finally:
        assert second.stop() == 0
    assert _processes(home) == {}
    assert _servers(home) == []


def test_after_a_killed_supervisor_its_processes_end(tmp_path: Path) -> None:
    """Nobody starts it again: what it started goes, but for the database, which the next start takes over."""
    home = tmp_path / "home"
    platform = start_platform(home)
    platform.process.kill()
    platform.process.communicate()
    _until(lambda: _processes(home) == {}, "the end of every process")
    [database] = _servers(home)
    os.kill(database, signal.SIGINT)
    _until(lambda: _servers(home) == [], "the end of the database")


def test_a_normal_day_says_nothing_worrying(tmp_path: Path) -> None:
    """Started, set up, used and stopped: no log of any process holds a warning."""
    platform = start_platform(tmp_path / "home")
    try:
        tenuto = CommandLine(tmp_path)
        set_up(platform, tenuto)
        owner = tenuto.with_environment(TENUTO_URL=platform.address, TENUTO_TOKEN=platform.key)
        owner("whoami")
        owner("audit", "verify")
        _until(lambda: _whole(platform), "every door answers")
    finally:
        assert platform.stop() == 0
    logs = {log.name: log.read_text() for log in (platform.home / "logs").iterdir()}
    assert set(logs) == {f"{name}.log" for name in _PROCESSES}
    assert logs == dict.fromkeys(logs, "")
    told = (platform.home / "postgres" / "postgres.log").read_text().splitlines()
    early = "the database system is starting up"  # the answer to whoever asks whether it is there yet
    assert [line for line in told if _WORRYING.search(line) and early not in line] == []
