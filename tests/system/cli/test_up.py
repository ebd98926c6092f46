"""``tenuto up`` as a program: what it says, that it is alone, and that nothing of it stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from support.running import TENUTO, CommandLine, RunningPlatform, free_port, start_platform

pytestmark = [pytest.mark.system]


@pytest.fixture
def own(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def _living(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_platform_says_where_it_is_and_goes_whole(tmp_path: Path) -> None:
    """The one that all other tests share ends by Ctrl-C; this one as a service is ended."""
    platform = start_platform(tmp_path / "home")
    try:
        assert len(platform.token) == 64
        pids = list(platform.pids.values())
        assert _living(pids) == pids
    finally:
        platform.process.send_signal(signal.SIGTERM)
        code = platform.stop()
    assert code == 0
    assert _living(pids) == []


def test_an_installation_runs_once(own: CommandLine, running_platform: RunningPlatform) -> None:
    error = own.json("up", f"--home={running_platform.home}", expect=1)
    assert error["code"] == "app.already_up"
    assert str(running_platform.process.pid) in error["detail"]


def test_a_port_that_somebody_has_is_told_before_anything_starts(own: CommandLine) -> None:
    home = own.folder / "home"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = own.json("up", f"--home={home}", f"--port={port}", expect=1)
    assert error["code"] == "app.port_taken"
    assert str(port) in error["detail"]
    assert not (home / "postgres").exists()


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ("--port=99999", "app.setting_invalid"),
        ("--host=", "app.setting_invalid"),
        ("--host=nobody.invalid", "app.setting_invalid"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_starts(own: CommandLine, option: str, code: str) -> None:
    home = own.folder / "home"
    assert own.json("up", f"--home={home}", option, expect=1)["code"] == code
    assert not (home / "postgres").exists()


@pytest.mark.parametrize("home", ["/proc/nowhere", "/dev/null", "/dev/null/below"])
def test_a_home_that_cannot_be_made_is_told(own: CommandLine, home: str) -> None:
    assert own.json("up", f"--home={home}", expect=1)["code"] == "app.home_unusable"


def test_a_home_that_others_may_write_into_is_refused(own: CommandLine) -> None:
    home = own.folder / "home"
    home.mkdir()
    home.chmod(0o777)
    error = own.json("up", f"--home={home}", expect=1)
    assert error["code"] == "app.home_unusable"
    assert "0777" in error["detail"]


def test_a_misspelt_setting_is_refused_with_the_nearest(own: CommandLine) -> None:
    error = own.with_environment(TENUTO_PROT="1").json("up", expect=1)
    assert error["code"] == "app.setting_unknown"
    assert "TENUTO_PORT" in error["detail"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_stopped_while_coming_up_it_leaves_nothing(tmp_path: Path, how: signal.Signals) -> None:
    home = tmp_path / "home"
    command = [TENUTO, "up", f"--home={home}", f"--port={free_port()}"]
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Tests that run under `nohup` ignore a closed terminal, and so would what they start.
        preexec_fn=partial(signal.signal, how, signal.SIG_DFL),  # noqa: PLW1509 (no thread is between fork and exec)
    ) as process:
        while not (home / "postgres").exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(how)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert b"is up" not in out
    assert b"stopped" in err
    belonging = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(home).encode() in _read(path)]
    assert belonging == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has just ended
        return b""
