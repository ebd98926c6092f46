"""Finding out whether this home's server lives, and waiting for what is left of a dead one."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.store.embedded import cluster, processes
from tenuto.store.embedded.answers import Answer, Identity, identify, knock
from tenuto.store.embedded.connection import ConnectionInfo
from tenuto.store.embedded.credentials import Credentials
from tenuto.store.embedded.errors import (
    FOREIGN_SERVER,
    NOT_RUNNING,
    OLD_PROCESSES,
    PROVISION_FAILED,
    SERVER_SILENT,
)
from tenuto.store.embedded.layout import Layout
from tenuto.store.embedded.locks import HeldLock, try_lock
from tenuto.store.embedded.provision import provision
from tenuto.store.embedded.sockets import known_socket
from tenuto.store.embedded.waiting import Watch
from tenuto.store.embedded.words import Patience, Report, Stage

_ANSWER_LIMIT = 1.0  # seconds for one question


class Joining(msgspec.Struct, frozen=True):
    layout: Layout
    password: str  # of the administrator
    patience: Patience
    watch: Watch
    report: Report

    def living(self) -> ConnectionInfo | HeldLock:
        """Return where our server listens, or the server lock as proof that none lives.

        A server that recovers is awaited. One that lives and does not answer is left alone, and a fault is
        raised when the patience is at its end.
        """
        while True:
            info, answer = self._ask()
            if info is not None and answer is Answer.OPEN:
                return info
            if answer is Answer.NOT_YET:
                self._recovering()
            else:
                lock = self._lock_of_the_dead()
                if lock is not None:
                    return lock
                self._end_orphans()
            self._wait_on()

    def answering(self) -> ConnectionInfo:
        """Return where our server listens. Raises at once if nobody does."""
        while True:
            info, answer = self._ask()
            if info is None or answer is Answer.ABSENT:
                raise TenutoError(NOT_RUNNING, str(self.layout.private))
            if answer is Answer.OPEN:
                return info
            if answer is Answer.NOT_YET:
                self._recovering()
            self._wait_on()

    def provisioned(self, info: ConnectionInfo, credentials: Credentials) -> bool:
        """Give the server we joined its roles and database. False if it died meanwhile: look again."""
        self.report(Stage.PROVISIONING)
        try:
            provision(info, credentials)
        except TenutoError as error:
            if error.fault is PROVISION_FAILED and knock(info.socket, _ANSWER_LIMIT) is not Answer.OPEN:
                return False
            raise
        return True

    def _ask(self) -> tuple[ConnectionInfo | None, Answer]:
        info = known_socket(self.layout)
        if info is None:
            return None, Answer.ABSENT
        return info, ask(self.layout, info, self.password)

    def _recovering(self) -> None:
        self.watch.sign_of_life()
        self.report(Stage.RECOVERING)

    def _lock_of_the_dead(self) -> HeldLock | None:
        """Return the server lock if nothing of an earlier server lives, one started by hand included."""
        lock = try_lock(self.layout.server_lock)
        if lock is not None and processes.working_on(self.layout.data):
            lock.close()
            return None
        return lock

    def _end_orphans(self) -> None:
        """Without their server, its processes end by themselves; one that hangs is ended after a while.

        They hold the shared memory of the dead server. What they had committed is in the log on disk.
        """
        if processes.postmaster_of(self.layout.data) is not None:
            return
        self.report(Stage.ENDING_OLD)
        if self.watch.silence > self.patience.orphans:
            processes.kill_all(self.layout.data)

    def _wait_on(self) -> None:
        if self.watch.silence > self.patience.silence:
            raise self._too_long()
        self.watch.nap()

    def _too_long(self) -> TenutoError:
        server = processes.postmaster_of(self.layout.data)
        if server is not None:
            return TenutoError(SERVER_SILENT, f"process {server}, for {self.watch.silence:.0f} s", pid=server)
        left = processes.working_on(self.layout.data)
        return TenutoError(OLD_PROCESSES, f"processes {left}" if left else "none that can be seen from here")


def ask(layout: Layout, info: ConnectionInfo, password: str) -> Answer:
    """Knock, and let whoever opens prove to be our server. Raises when it is another."""
    answer = knock(info.socket, _ANSWER_LIMIT)
    if answer is not Answer.OPEN:
        return answer
    identity = identify(info, password, _ANSWER_LIMIT)
    if identity is None:
        return Answer.SILENT
    if not _is_of(layout.data, identity):
        raise TenutoError(FOREIGN_SERVER, f"it serves {identity.data}, not {layout.data}")
    return Answer.OPEN


def _is_of(data: Path, identity: Identity) -> bool:
    try:
        same_folder = Path(identity.data).samefile(data)
        return same_folder and identity.system == cluster.system_identifier(data)
    except FileNotFoundError:
        return False
