"""Hear that something was committed: LISTEN on a connection of its own, and time as the fallback.

A bell that rings while nobody is connected is lost, so whoever waits also looks by itself now and then.
"""

from __future__ import annotations

import time

import psycopg

from tenuto.store.ringing import BELL

_RETRY_SECONDS = 1.0


class Bell:
    """One listener. Not for use by several threads."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def wait(self, seconds: float) -> bool:
        """Wait for the bell. Returns True when it rang; False after ``seconds``, or when nothing can be heard."""
        try:
            connection = self._connected()
            return any(True for _ in connection.notifies(timeout=seconds, stop_after=1))
        except psycopg.Error:
            self.close()
            time.sleep(min(seconds, _RETRY_SECONDS))
            return False

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection[tuple[object, ...]]:
        if self._connection is None:
            self._connection = psycopg.connect(self._dsn, autocommit=True, connect_timeout=5)
            self._connection.execute(f"listen {BELL}")
        return self._connection
