"""For commands that run until somebody ends them: every way of ending is one interrupt, and one is enough."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt_on_signals() -> None:
    """Have each signal that ends a program raise ``KeyboardInterrupt`` in the main thread, the first one only."""
    _on_signals(_interrupt)


def wait_for_interrupt() -> NoReturn:
    """Wait until a handler raises. A signal that comes just before the waiting begins writes to the pipe, and so
    ends it; a lock would be waited for all the same.
    """
    told, tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(tell)
    while True:
        select.select([told], [], [])


def _on_signals(do: Callable[[int, FrameType | None], None]) -> None:
    for number in _ENDING:
        # `nohup` has a closed terminal ignored, and so it stays.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, do)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End what is coming up, or what is up. Once is enough: a second Ctrl-C must not stop the stopping."""
    _on_signals(lambda _number, _frame: None)
    raise KeyboardInterrupt
