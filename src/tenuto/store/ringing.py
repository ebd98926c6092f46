"""Ring the bell for what a process committed: at once, and while much is committed only now and then.

Not in the transaction itself: PostgreSQL lets one ringing transaction commit at a time, each until the disk has
answered, so that a process which rings at every commit slows all others. Who waits for the bell also looks by
itself, so a process that dies before it rang loses nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from tenuto.core.errors import TenutoError

BELL = "tenuto_outbox"
_PAUSE_SECONDS = 0.05
_CLOSE_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Ringer:
    """Rings from a thread of its own, which the first asking starts."""

    def __init__(self, ring: Callable[[], None], pause: float = _PAUSE_SECONDS) -> None:
        self._ring = ring
        self._pause = pause
        self._change = threading.Condition()
        self._asked = False
        self._ending = False
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Have the bell rung soon. Never waits; what is asked while one ringing is due is the same ringing."""
        with self._change:
            if self._asked or self._ending:
                return
            self._asked = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ringer", daemon=True)
                self._thread.start()
            self._change.notify()

    def close(self) -> None:
        """Ring for what was asked, then end."""
        with self._change:
            self._ending = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        while self._due():
            try:
                self._ring()
            except TenutoError as error:
                _log.warning("bell.not_rung fault=%s", error.fault.code)
            with self._change:
                self._change.wait_for(lambda: self._ending, self._pause)

    def _due(self) -> bool:
        with self._change:
            self._change.wait_for(lambda: self._asked or self._ending)
            asked, self._asked = self._asked, False
            return asked
