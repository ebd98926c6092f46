"""When a process rings the bell for what it commits: at once, and while much is committed only now and then.

PostgreSQL lets one notifying transaction commit at a time, each until the disk has answered, so that ringing at
every commit would slow all of them. The first transaction in a while notifies by itself; for those that follow
closely somebody rings after them. Who waits for the bell also looks by itself, so a process that dies before it
rang loses nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import psycopg

from tenuto.core.errors import TenutoError
from tenuto.store.errors import DATABASE_UNAVAILABLE

BELL = "tenuto_outbox"
RING = f"select pg_notify('{BELL}', '')"
_PAUSE_SECONDS = 0.05
_CLOSE_SECONDS = 5.0
_CONNECT_SECONDS = 5
_log = logging.getLogger(__name__)


class Rope:
    """A connection that only rings, apart from those that transactions need. Not for use by several threads."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def ring(self) -> None:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(
                    self._dsn, autocommit=True, connect_timeout=_CONNECT_SECONDS
                )
            self._connection.execute(RING)
        except psycopg.Error as error:
            self.close()
            raise TenutoError(DATABASE_UNAVAILABLE) from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Ringer:
    """Knows when the bell rang last, and rings after a rush, from a thread that the first rush starts."""

    def __init__(self, ring: Callable[[], None], pause: float = _PAUSE_SECONDS) -> None:
        self._ring = ring
        self._pause = pause
        self._last = time.monotonic() - pause
        self._change = threading.Condition()
        self._asked = False
        self._ending = False
        self._thread: threading.Thread | None = None

    def due(self) -> bool:
        """Tell whether a transaction is to notify by itself, and say ``rung`` once it is committed."""
        return time.monotonic() - self._last >= self._pause

    def rung(self) -> None:
        """Know that the bell has just rung, which tells of everything committed before."""
        with self._change:
            self._last = time.monotonic()
            self._asked = False

    def ask(self) -> None:
        """Have the bell rung soon for what is committed. Never waits."""
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
        while self._wanted():
            if not self._take():
                continue  # a transaction rang meanwhile
            try:
                self._ring()
            except TenutoError as error:
                _log.warning("bell.not_rung fault=%s", error.fault.code)

    def _wanted(self) -> bool:
        """Wait until somebody asks. Returns False at the end."""
        with self._change:
            self._change.wait_for(lambda: self._asked or self._ending)
            return self._asked

    def _take(self) -> bool:
        """Let the pause pass, and return whether the bell is still to be rung."""
        with self._change:
            self._change.wait_for(lambda: self._ending, self._last + self._pause - time.monotonic())
            asked, self._asked = self._asked, False
            if asked:
                self._last = time.monotonic()
            return asked
