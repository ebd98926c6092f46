"""Starts the PostgreSQL of one home, or joins the one that runs.

What is alive is decided by talking to it and by a lock that the server and all its processes hold, never by a
process id: ids are reused, zombies have one too, and a file that names one outlives a kill.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.store.embedded import cluster, processes
from tenuto.store.embedded.answers import Answer, knock
from tenuto.store.embedded.credentials import Credentials, NewPassword, ensure_credentials, read_credentials
from tenuto.store.embedded.errors import NOT_RUNNING, START_BUSY
from tenuto.store.embedded.files import make_home, make_private, require_fit, told_as_faults
from tenuto.store.embedded.joining import Joining
from tenuto.store.embedded.launch import Launch, launch
from tenuto.store.embedded.layout import PRIVATE_NAME, Layout, locate
from tenuto.store.embedded.locks import HeldLock, try_lock
from tenuto.store.embedded.placing import Place, place_existing, place_new
from tenuto.store.embedded.server import Process, Server
from tenuto.store.embedded.sockets import known_socket
from tenuto.store.embedded.waiting import Pause, Watch, reporter
from tenuto.store.embedded.words import Options, Progress, Report, Stage

Listener = Callable[[Progress], None]

_KNOCK_LIMIT = 1.0  # seconds


def _nobody_listens(_progress: Progress) -> None:
    return


def _new_password() -> str:
    return secrets.token_urlsafe(32)


class EmbeddedPostgres:
    """The PostgreSQL of the home folder ``home``. Making this object touches nothing."""

    def __init__(
        self,
        home: Path,
        *,
        clock: Clock,
        options: Options | None = None,
        pause: Pause = time.sleep,
        new_password: NewPassword = _new_password,
    ) -> None:
        self._home = home
        self._clock = clock
        self._options = options or Options()
        self._pause = pause
        self._new_password = new_password

    def start(self, *, progress: Listener = _nobody_listens, take_over: bool = False) -> Server:
        """Return a server that answers and has Tenuto's roles and database.

        One that runs already is joined; ``take_over`` makes it the caller's to stop. Starts from several
        processes wait for each other.
        """
        report = reporter(self._clock, progress)
        with told_as_faults():
            private = self._private()
            make_home(private.parent)
            make_private(private)
            with self._start_lock(private, report):
                return self._started(private, report, take_over=take_over)

    def attach(self, *, progress: Listener = _nobody_listens) -> Server:
        """Return the running server, which ``stop`` then leaves alone. Raises when none runs."""
        with told_as_faults():
            private = self._private()
            if not private.is_dir() or not (layout := locate(private)).data.is_dir():
                raise TenutoError(NOT_RUNNING, str(private))
            credentials = read_credentials(layout)
            info = self._joining(layout, credentials, reporter(self._clock, progress)).answering()
            return Server(info, credentials, layout, self._options)

    def _private(self) -> Path:
        return require_fit(self._home) / PRIVATE_NAME

    def _started(self, private: Path, report: Report, *, take_over: bool) -> Server:
        layout = locate(private)
        place = None if layout.data.is_dir() else self._found(private, report)
        layout = place.layout if place else layout
        credentials = ensure_credentials(layout, self._new_password)
        joining = self._joining(layout, credentials, report)
        while True:
            found = joining.living()
            if isinstance(found, HeldLock):
                break
            if joining.provisioned(found, credentials):
                process = _own(layout) if take_over else None
                return Server(found, credentials, layout, self._options, process)
        with found:
            place = place or place_existing(layout)
            return launch(Launch(place, credentials, self._options, self._watch(), report), found)

    def _found(self, private: Path, report: Report) -> Place:
        """Make the database of a home that has none."""
        report(Stage.INITIALISING)
        layout = locate(private)
        place = place_existing(layout) if layout.outside else place_new(private, self._options.root)
        password = ensure_credentials(place.layout, self._new_password).admin
        cluster.clear_unfinished(place.layout, self._watch(), self._options.patience.silence)
        cluster.initialise(place.layout, place.confinement, place.binaries, password)
        return place

    def _start_lock(self, private: Path, report: Report) -> HeldLock:
        layout, watch = Layout(private), self._watch()
        while True:
            lock = try_lock(layout.start_lock)
            if lock is not None:
                lock.sign()
                return lock
            report(Stage.WAITING)
            if self._says_it_recovers(private):
                watch.sign_of_life()
            if watch.silence > self._options.patience.start_lock:
                holder = layout.start_lock.read_text()
                raise TenutoError(START_BUSY, f"process {holder} holds {layout.start_lock}")
            watch.nap()

    def _says_it_recovers(self, private: Path) -> bool:
        info = known_socket(locate(private))
        return info is not None and knock(info.socket, _KNOCK_LIMIT) is Answer.NOT_YET

    def _joining(self, layout: Layout, credentials: Credentials, report: Report) -> Joining:
        return Joining(layout, credentials.admin, self._options.patience, self._watch(), report)

    def _watch(self) -> Watch:
        return Watch(self._clock, self._pause)


def _own(layout: Layout) -> Process | None:
    """Take a handle on the running server. None if it runs where its processes cannot be seen from here."""
    pid = processes.postmaster_of(layout.data)
    descriptor = processes.open_process(pid, layout.data) if pid is not None else None
    return Process(pid, descriptor) if pid is not None and descriptor is not None else None
