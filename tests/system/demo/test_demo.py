"""The demo happens, its report says so, and nothing of it stays, however it ends."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tenuto.cli.demo.door import Door
from tenuto.cli.demo.script import STEPS
from tenuto.cli.demo.texts import TEXTS

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

TENUTO = Path(sys.executable).with_name("tenuto")
_LIMIT = 380
_GONE_SECONDS = 60
SIGN_IN = {"email": "e-mail", "password": "password"}


class Demo:
    """A demo in a process of its own, whose temporary folders lie in ``folder``."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.said = ""
        (folder / "into").mkdir()
        self.process = subprocess.Popen(
            [TENUTO, "demo", f"--into={folder / 'into'}", *arguments],
            env={
                "HOME": str(folder),
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "TMPDIR": str(folder),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
        )

    def until(self, text: str) -> None:
        """Read on until the demo has said this."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + _LIMIT
        while text not in self.said and time.monotonic() < deadline:
            readable, _, _ = select.select([self.process.stdout], [], [], 1)
            if readable:
                line = self.process.stdout.readline()
                assert line, f"it ended before it said {text!r}:\n{self.said}"
                self.said += line
        assert text in self.said

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        said, _ = self.process.communicate(timeout=_LIMIT)
        self.said += said
        return self.process.returncode

    def report(self) -> Any:
        return json.loads((self.folder / "into" / "demo-report.json").read_text("utf-8"))

    def simulators(self) -> list[int]:
        """Return the processes of the provider simulator, in the order they were started."""
        return sorted(pid for pid, line in self.processes() if b"provider_simulator" in line)

    def processes(self) -> Iterator[tuple[int, bytes]]:
        """Yield every process, wherever it came from, that names a folder of this demo."""
        named = os.fsencode(self.folder / "tenuto-demo-")
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    line = (entry / "cmdline").read_bytes()
                    surroundings = (entry / "environ").read_bytes()
                except OSError:
                    continue
                if named in line or named in surroundings:
                    yield int(entry.name), line

    def assert_nothing_is_left(self) -> None:
        """Who cleans up after a kill does so a moment later."""
        deadline = time.monotonic() + _GONE_SECONDS
        while time.monotonic() < deadline and (list(self.processes()) or self._folders()):
            time.sleep(0.2)
        assert list(self.processes()) == []
        assert self._folders() == []

    def _folders(self) -> list[Path]:
        return list(self.folder.glob("tenuto-demo-*"))


@pytest.fixture
def demo() -> Iterator[Any]:
    """Start demos in a temporary folder of a usual length: sockets lie in it."""
    started: list[Demo] = []
    with tempfile.TemporaryDirectory(prefix="demo-test-") as folder:

        def start(*arguments: str, **environment: str) -> Demo:
            started.append(Demo(Path(folder), *arguments, **environment))
            return started[-1]

        yield start
        for one in started:
            if one.process.poll() is None:
                one.process.kill()
                one.process.communicate()


def test_both_languages_say_the_same_things() -> None:
    assert TEXTS["en"].keys() == TEXTS["fr"].keys()
    assert set(STEPS) <= TEXTS["en"].keys()


def test_the_whole_demo_happens_and_is_kept_until_ctrl_c(demo: Any) -> None:
    kept = demo("--keep")
    kept.until("Ctrl-C, or SIGTERM")
    console = _word_after(kept.said, "Its console:")
    assert console.endswith("/")
    assert Door(console).send("GET", "/sign-in", None, "")
    credentials = {name: _word_after(kept.said, word) for name, word in SIGN_IN.items()}
    key = Door(console).post("/api/v1/login", credentials)["key"]
    assert Door(console, key).get("/api/v1/whoami")["actor"]["name"] == "Ada Lovelace"
    kept.process.send_signal(signal.SIGINT)
    assert kept.end() == 0, kept.said[-3000:]
    kept.assert_nothing_is_left()
    _assert_all_of_it(kept)


def test_an_upstream_that_somebody_kills_is_noticed(demo: Any) -> None:
    sabotaged = demo()
    sabotaged.until("[1/11]")
    os.kill(sabotaged.simulators()[0], signal.SIGKILL)
    assert sabotaged.end() == 1
    assert sabotaged.report()["failure"]["key"] == "calls", sabotaged.said[-3000:]
    assert "NOT DONE" in sabotaged.said
    assert (sabotaged.folder / "into" / "demo-logs" / "worker.log").exists()
    sabotaged.assert_nothing_is_left()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_ended_in_the_middle_leaves_nothing(how: signal.Signals, demo: Any) -> None:
    ended = demo()
    ended.until("[2/11]")
    assert len(ended.simulators()) == 2
    ended.process.send_signal(how)
    assert ended.end() == (130 if how is not signal.SIGKILL else -signal.SIGKILL)
    ended.assert_nothing_is_left()


def _assert_all_of_it(demo: Demo) -> None:
    report = demo.report()
    assert report["failure"] is None
    assert [row["key"] for row in report["rows"]] == list(STEPS)
    for row in report["rows"]:
        assert row["evidence"] in demo.said
        assert {use["means"] for use in row["did"]}.isdisjoint(use["means"] for use in row["read"])
    for language, texts in TEXTS.items():
        page = (demo.folder / "into" / f"demo-report.{language}.html").read_text("utf-8")
        assert texts["title"] in page
        assert page.count("<svg") == 4


def _word_after(said: str, text: str) -> str:
    return said.partition(text)[2].split()[0]
