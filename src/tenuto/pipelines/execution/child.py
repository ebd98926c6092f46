"""The life of a step's process, from the fork to its end."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from tenuto.core.clock import SystemClock
from tenuto.core.project import import_roots
from tenuto.pipelines.execution.calling import load_and_call
from tenuto.pipelines.execution.confinement import confine, die_with_parent, settle_in
from tenuto.pipelines.execution.messages import (
    Born,
    Confined,
    Ended,
    Finished,
    Started,
    frame,
    line,
    receive_spec,
)


def live(parent: int, channel: int, status: int, out: int, err: int) -> NoReturn:
    """Be a step's process: answer over ``channel`` and end. Never returns to the zygote's loop."""
    code = 1
    try:
        os.setsid()
        die_with_parent(parent)
        _take_streams(out, err)
        _close_all_but([channel, status])
        os.set_inheritable(channel, False)  # a program that the step starts is not to hold the talk open
        os.write(status, line(Born(os.getpid())))
        os.close(status)
        code = _answer(parent, socket.socket(fileno=channel))
    except BaseException:  # noqa: BLE001 (the last word of this process; the parent keeps the log)
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # whoever read the log may be gone
                stream.flush()
        os._exit(code)


def _answer(parent: int, channel: socket.socket) -> int:
    spec = receive_spec(channel)
    if spec is None:
        return 1
    held = confine(spec)
    die_with_parent(parent)  # a change of credentials has cleared it
    settle_in(spec)
    channel.sendall(frame(Confined(held)))
    sys.path[:0] = [str(root) for root in import_roots(Path(spec.code_folder))]
    clock = SystemClock()
    for position, item in enumerate(spec.items):
        channel.sendall(frame(Started(position)))
        outcome = load_and_call(spec, item, clock, Path(spec.scratch))
        _flush()
        channel.sendall(frame(Ended(position, outcome)))
    channel.sendall(frame(Finished()))
    return 0


def _flush() -> None:
    """Send what the step printed before its answer. A step may have closed or replaced its streams."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(ValueError, OSError, AttributeError):
            stream.flush()


def _take_streams(out: int, err: int) -> None:
    """Print into the attempt's log from now on, a line at a time, whatever is printed."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdout = _stream(1)
    sys.stderr = _stream(2)


def _stream(file: int) -> TextIO:
    return open(file, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _close_all_but(kept: Sequence[int]) -> None:
    """Close the zygote's files and other steps' pipes; 0, 1 and 2 stay."""
    last = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    low = 3
    for one in [*sorted(kept), last]:
        os.closerange(low, one)
        low = one + 1
