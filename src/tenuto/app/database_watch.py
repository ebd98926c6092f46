"""Keep the embedded database running for as long as the platform is up.

PostgreSQL ends itself when it cannot write its log, for lack of space above all, and the kernel ends it when
memory is short. One that lives and says nothing is left alone for a while, for a machine may be busy or halted;
then it is ended by force. Whoever owns the server then starts it again, as often as it takes: it recovers what was
committed, and the processes of the platform find it under the same address.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.server import Server

_LOOK_SECONDS = 0.5
_LOOKS_PER_KNOCK = 10
_SILENCES = 6  # knocks in a row without an answer, each heard out for two seconds: about 40 s in all
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_LONGEST_STOP = 60.0  # seconds; a server that recovers longer is left to the next start, which joins it

Start = Callable[[], Server]
Notice = Callable[[str], None]


class DatabaseWatch:
    """Watches a server and starts it again when it has ended. ``start`` returns one that answers, or raises."""

    def __init__(
        self, server: Server, start: Start, notice: Notice, *, looks_per_knock: int = _LOOKS_PER_KNOCK
    ) -> None:
        self._server: Server | None = server
        self._start = start
        self._notice = notice
        self._looks_per_knock = looks_per_knock
        self._looks = 0
        self._silences = 0
        self._told = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch-database", daemon=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch for as long as the block lasts, then end the server that runs by then."""
        self._thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._thread.join(_LONGEST_STOP)
            if self._server is not None:
                self._server.stop()

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            if self._server is None:
                continue
            if self._server.has_ended():
                self._tell("database ended, starting again")
                self._server.let_go()
                self._server = self._started_again()
            elif self._is_silent(self._server):
                self._tell("database does not answer, ending it and starting again")
                if self._server.kill():
                    self._server = self._started_again()
            else:
                self._shorten_log(self._server)

    def _is_silent(self, server: Server) -> bool:
        """Knock now and then. Several knocks in a row have to stay without an answer: after the whole machine stood
        still, the first one may.
        """
        self._looks += 1
        if self._looks % self._looks_per_knock:
            return False
        self._silences = 0 if server.speaks() else self._silences + 1
        return self._silences >= _SILENCES

    def _started_again(self) -> Server | None:
        """Try until it starts. Returns None when the platform is to stop before that."""
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            server = self._tried()
            if server is not None:
                self._tell("database answers again")
                self._silences = 0
                return server
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        return None

    def _tried(self) -> Server | None:
        try:
            return self._start()
        except TenutoError as error:
            why = f"{error.fault.summary}. {error.fault.fix}"
        except Exception as error:  # noqa: BLE001 (a supervisor: whatever it is, the next try may succeed)
            why = f"{type(error).__name__}: {error}"
        self._tell(f"database does not start, trying on: {why}")
        return None

    def _shorten_log(self, server: Server) -> None:
        try:
            server.rotate_log()
        except OSError as error:  # a full disk, or a folder that somebody changed: the server runs on
            self._tell(f"database log cannot be shortened: {error.strerror}")

    def _tell(self, what: str) -> None:
        """Tell, but not the same thing twice in a row."""
        if what != self._told:
            self._notice(what)
        self._told = what
