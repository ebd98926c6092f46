"""A running server, and the way to end it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from types import TracebackType
from typing import Self

import msgspec

from tenuto.store.database import Login, Logins, Role
from tenuto.store.embedded import logfile, processes
from tenuto.store.embedded.answers import Answer, knock
from tenuto.store.embedded.connection import ConnectionInfo
from tenuto.store.embedded.credentials import Credentials
from tenuto.store.embedded.layout import Layout
from tenuto.store.embedded.locks import try_lock
from tenuto.store.embedded.sockets import retire_socket
from tenuto.store.embedded.words import DATABASE, Options

_KNOCK_LIMIT = 2.0  # seconds


class Process(msgspec.Struct, frozen=True):
    """The server process we answer for. ``child`` is set when this very process started it."""

    pid: int
    descriptor: int
    child: subprocess.Popen[bytes] | None = None

    def wait(self, limit: float) -> bool:
        """Tell whether the process ends within ``limit`` seconds."""
        ended, _, _ = select.select([self.descriptor], [], [], limit)
        return bool(ended)


class Server:
    """A server that answers. ``owned`` says whether ``stop`` ends it: we started it or took it over."""

    def __init__(
        self,
        info: ConnectionInfo,
        credentials: Credentials,
        layout: Layout,
        options: Options,
        process: Process | None = None,
    ) -> None:
        self.info = info
        self.credentials = credentials
        self._layout = layout
        self._options = options
        self._process = process

    @property
    def owned(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """Id of the server process, for showing to people. None if it runs where we cannot see it."""
        return self._process.pid if self._process else processes.postmaster_of(self._layout.data)

    def url(self, role: Role) -> str:
        """Connection URL of ``role`` on Tenuto's database. Holds the password: it is not for logs."""
        password = self.credentials.roles[role.value]
        return self.info.url(role.value, password, DATABASE).render_as_string(hide_password=False)

    def logins(self) -> Logins:
        return Logins(
            app=Login(self.url(Role.APP)),
            system=Login(self.url(Role.SYSTEM)),
            owner=Login(self.url(Role.OWNER)),
        )

    def answers(self) -> bool:
        return knock(self.info.socket, _KNOCK_LIMIT) is Answer.OPEN

    def speaks(self) -> bool:
        """Tell whether it says anything at all: one that recovers takes no connections yet, but says so."""
        return knock(self.info.socket, _KNOCK_LIMIT) in {Answer.OPEN, Answer.NOT_YET}

    def rotate_log(self) -> None:
        """Keep the log within its limit. To be called now and then by whoever owns the server."""
        logfile.rotate(self._layout.log, self._options.log_limit)

    def has_ended(self) -> bool:
        """Tell whether the server that is ours to end has ended by itself."""
        return self._process is not None and self._process.wait(0)

    def let_go(self) -> None:
        """Leave a server that has ended, so that the next one can start under the same address."""
        process, self._process = self._process, None
        if process is not None:
            _release(process)

    def kill(self) -> bool:
        """End by force a server that is ours and does not answer; what was committed is in its log.

        False when it has not ended: a process that waits for a disk may not be killed before the disk answers.
        """
        process = self._process
        if process is None:
            return False
        processes.send(process.descriptor, signal.SIGKILL)
        processes.kill_all(self._layout.data)
        if not process.wait(self._options.patience.immediate_stop):
            return False
        self.let_go()
        return True

    def stop(self) -> None:
        """End the server if it is ours to end: politely, then firmly, then by force. May be called again."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            self._end(process)
        finally:
            _release(process)
        self._tidy()

    def _end(self, process: Process) -> None:
        patience = self._options.patience
        processes.send(process.descriptor, signal.SIGINT)  # "fast": roll back, write, end
        if process.wait(patience.fast_stop):
            return
        processes.send(process.descriptor, signal.SIGQUIT)  # "immediate": end; recover at the next start
        if process.wait(patience.immediate_stop):
            return
        processes.send(process.descriptor, signal.SIGKILL)
        processes.kill_all(self._layout.data)
        process.wait(patience.immediate_stop)

    def _tidy(self) -> None:
        """Remove what only a running server needs, unless somebody is starting the next one."""
        lock = try_lock(self._layout.start_lock)
        if lock is not None:
            with lock:
                retire_socket(self._layout, self.info)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _release(process: Process) -> None:
    os.close(process.descriptor)
    if process.child is not None:
        process.child.wait()
