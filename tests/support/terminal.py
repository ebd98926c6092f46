"""A person at a terminal: runs a command in one, and types an answer when a question appears."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 60  # seconds for the whole conversation


@dataclass(frozen=True)
class Conversation:
    """What stood on the screen at the end, and how the command ended."""

    screen: str
    code: int


def converse(
    command: Sequence[str | Path],
    answers: Sequence[tuple[str, str]],
    *,
    folder: Path,
    environment: Mapping[str, str],
) -> Conversation:
    """Run a command and give each answer when its question stands on the screen, in this order."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env={**environment, "TERM": "xterm-256color"},
        start_new_session=True,
        preexec_fn=_own_terminal,  # noqa: PLW1509 (one system call, before exec)
    )
    os.close(slave)
    try:
        screen = _talk(master, list(answers))
        return Conversation(screen, process.wait(_PATIENCE))
    finally:
        os.close(master)
        if process.poll() is None:
            process.kill()
            process.wait()


def _own_terminal() -> None:
    """Make standard input the terminal of the session, so that a password is asked for there."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _talk(master: int, answers: list[tuple[str, str]]) -> str:
    screen, seen, deadline = "", 0, time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        ready, _, _ = select.select([master], [], [], 0.2)
        if ready:
            try:
                piece = os.read(master, 65_536)
            except OSError:  # the other end is closed: the command has ended
                break
            screen += piece.decode("utf-8", "replace")
        if answers and answers[0][0] in screen[seen:]:
            question, answer = answers.pop(0)
            seen = screen.index(question, seen) + len(question)
            os.write(master, f"{answer}\n".encode())
    assert not answers, f"{answers[0][0]!r} was never asked:\n{screen}"
    return screen
