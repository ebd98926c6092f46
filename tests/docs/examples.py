"""Runs the examples of a page as a reader would: in their order, in one empty folder."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from docs.pages import Block

BASH = ["bash", "-euo", "pipefail", "-s"]
_SESSION = 3  # place of the session's id in /proc/PID/stat, behind the name
TIME_LIMIT = 100  # seconds a block may take; the test's own limit lies above it


class Reader:
    """Somebody who follows a page, with the tests' environment first on PATH and an empty home."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        self._sessions: set[int] = set()
        self._environment = environment | {
            "HOME": str(folder),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
            "LANG": "C.UTF-8",
        }

    def leave(self) -> None:
        """End what the page left running, so that no other page meets it."""
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                after_name = (process / "stat").read_text().rpartition(")")[2].split()
                if int(after_name[_SESSION]) in self._sessions:
                    os.kill(int(process.name), signal.SIGTERM)

    def follow(self, block: Block) -> None:
        """Do what the block says. Raises AssertionError naming the block when it does not come true."""
        if block.file:
            self._write(block)
        elif block.language == "console":
            self._type(block)
        else:
            self._run(block, [sys.executable, "-"] if block.language == "python" else BASH, block.body)

    def _write(self, block: Block) -> None:
        target = self._folder / block.file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.body, "utf-8")

    def _type(self, block: Block) -> None:
        """Type the commands into one shell, so that a variable set by one is there for the next."""
        commands = list(console(block.body))
        script = "\n".join(f"{command}\necho {_mark(number)}" for number, (command, _) in enumerate(commands))
        printed = self._run(block, BASH, script)
        for number, (command, expected) in enumerate(commands):
            shown, _, printed = printed.partition(f"{_mark(number)}\n")
            if expected:
                said = f"{block.place}: `{command}` printed\n{shown}\nand the page says\n{expected}"
                assert matches(expected, shown), said

    def _run(self, block: Block, command: list[str], script: str) -> str:
        with subprocess.Popen(
            command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            self._sessions.add(process.pid)
            try:
                said, _ = process.communicate(script, timeout=TIME_LIMIT)
            except subprocess.TimeoutExpired:
                self.leave()
                raise
        assert process.returncode == 0, f"{block.place} ends with {process.returncode}:\n{said}"
        return said


def console(body: str) -> Iterator[tuple[str, str]]:
    """Cut a console block into (command, what it prints). A line that ends in a backslash goes on."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        last = next(number for number, line in enumerate(lines) if not line.endswith("\\"))
        yield "\n".join(lines[: last + 1]), "\n".join(lines[last + 1 :]).strip()


def matches(expected: str, shown: str) -> bool:
    """Tell whether the output is the expected one; ``...`` stands for anything, across lines too."""
    pattern = ".*".join(re.escape(part.strip()) for part in expected.split("..."))
    return re.fullmatch(rf"\s*{pattern}\s*", shown, re.DOTALL) is not None


def _mark(number: int) -> str:
    return f"--- end of command {number} ---"
