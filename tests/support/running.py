"""A whole platform as somebody runs it: ``tenuto up`` in a home of its own, on a free port, once for the run."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

TENUTO = Path(sys.executable).with_name("tenuto")
OWNER = "ann@example.com"
PASSWORD = "four random words do"
_READY_SECONDS = 100
_STOP_SECONDS = 100


@dataclass
class RunningPlatform:
    """``token`` makes the first owner. ``key`` is the owner's once ``set_up`` was called, and is not shown."""

    address: str
    token: str
    home: Path
    pids: dict[str, int]
    process: subprocess.Popen[str]
    key: str = field(default="", repr=False)

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints outside the home."""
        return self.home.with_name(f"{self.home.name}-checkpoints")

    def stop(self) -> int:
        """End it as Ctrl-C does, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return self.process.returncode


@dataclass(frozen=True)
class CommandLine:
    """The real ``tenuto`` of somebody with a home of their own. ``environment`` is all that they have set."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # it may hold a key

    @property
    def whole_environment(self) -> dict[str, str]:
        own = {"HOME": str(self.folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        return {**own, **self.environment}

    def __call__(
        self, *arguments: str | Path, typed: str = "", expect: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run one command, with ``typed`` on standard input. The exit code has to be ``expect``."""
        done = subprocess.run(
            [TENUTO, *arguments],
            input=typed,
            cwd=self.folder,
            env=self.whole_environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        said = (
            f"tenuto {' '.join(map(str, arguments))} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        )
        assert done.returncode == expect, said
        return done

    def json(self, *arguments: str | Path, typed: str = "", expect: int = 0) -> Any:
        """Run one command with ``--json`` and return what it printed, of a refused one the error."""
        done = self(*arguments, "--json", typed=typed, expect=expect)
        return json.loads(done.stderr)["error"] if expect else json.loads(done.stdout)

    def with_environment(self, **variables: str) -> CommandLine:
        return CommandLine(self.folder, {**self.environment, **variables})


def start_platform(home: Path, *, port: int = 0, **environment: str) -> RunningPlatform:
    """Start a platform and return when it answers. Whoever calls this stops it."""
    arguments = ["up", "--json", f"--home={home}", f"--port={port or free_port()}"]
    with _log(home).open("w") as log:
        process = subprocess.Popen(
            [TENUTO, *arguments],
            env={"HOME": str(home.parent), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environment},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    ready = _first_line(process, home)
    return RunningPlatform(ready["address"], ready["token"], home, ready["pids"], process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def fresh_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform in which nobody is owner yet. Take ``platform`` unless that is what you need."""
    running = start_platform(tmp_path_factory.mktemp("platform") / "home")
    try:
        yield running
    finally:
        code = running.stop()
    assert code == 0, "Ctrl-C ends a platform cleanly"


@pytest.fixture(scope="session")
def running_platform(
    fresh_platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory
) -> RunningPlatform:
    """A platform whose owner is Ann; her key is in it."""
    if not fresh_platform.key:
        set_up(fresh_platform, CommandLine(tmp_path_factory.mktemp("owner")))
    return fresh_platform


@pytest.fixture
def owner(running_platform: RunningPlatform, tmp_path: Path) -> CommandLine:
    """Ann's command line in an empty folder, with her key in the environment."""
    return CommandLine(
        tmp_path, {"TENUTO_URL": running_platform.address, "TENUTO_TOKEN": running_platform.key}
    )


def set_up(platform: RunningPlatform, tenuto: CommandLine) -> None:
    """Make Ann the owner through the command line, and keep her key in the platform's words."""
    tenuto(
        "setup",
        f"--url={platform.address}",
        f"--email={OWNER}",
        "--name=Ann",
        "--stdin",
        typed=f"{platform.token}\n{PASSWORD}\n",
    )
    logins = json.loads((tenuto.folder / ".config/tenuto/logins.json").read_text())["logins"]
    platform.key = logins[platform.address]["key"]


def _first_line(process: subprocess.Popen[str], home: Path) -> dict[str, Any]:
    """Return what ``tenuto up --json`` prints when the platform is ready."""
    assert process.stdout is not None
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        readable, _, _ = select.select([process.stdout], [], [], 0.5)
        if readable and (line := process.stdout.readline()):
            ready: dict[str, Any] = json.loads(line)
            return ready
    process.kill()
    process.communicate()
    logs = [_log(home), *(home / "logs").glob("*.log")]
    told = "\n".join(f"--- {log.name}\n{log.read_text()[-2000:]}" for log in logs)
    raise AssertionError(f"the platform did not come up:\n{told}")


def _log(home: Path) -> Path:
    return home.with_name(f"{home.name}-up.log")
