"""One launch of the server process: clear what a dead one left, start, wait until it answers."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.store.embedded import cluster, logfile
from tenuto.store.embedded.answers import Answer
from tenuto.store.embedded.connection import ConnectionInfo
from tenuto.store.embedded.credentials import Credentials
from tenuto.store.embedded.errors import START_FAILED, START_KILLED
from tenuto.store.embedded.joining import ask
from tenuto.store.embedded.layout import Layout
from tenuto.store.embedded.locks import HeldLock
from tenuto.store.embedded.placing import Place
from tenuto.store.embedded.provision import provision
from tenuto.store.embedded.rules import cause_of, command_line, settings_of
from tenuto.store.embedded.server import Process, Server
from tenuto.store.embedded.sockets import ensure_socket
from tenuto.store.embedded.waiting import Watch
from tenuto.store.embedded.words import Options, Report, Stage


class Launch(msgspec.Struct, frozen=True):
    place: Place
    credentials: Credentials
    options: Options
    watch: Watch
    report: Report


def launch(order: Launch, lock: HeldLock) -> Server:
    """Start the server and return it when it answers and is provisioned, however long it recovers.

    ``lock`` is the server lock; the server inherits it. Whatever goes wrong, nothing new is left running.
    """
    layout, options = order.place.layout, order.options
    cluster.require_usable(layout.data, order.place.confinement.owner)
    info = ensure_socket(layout, order.place.confinement.owner, options.runtime_folder)
    settings = settings_of(info.folder, options.settings)
    _clear_remains(layout, info)
    logfile.rotate(layout.log, options.log_limit)
    position = logfile.size_of(layout.log)
    command = command_line(order.place.binaries.program("postgres"), layout.data, settings)
    order.report(Stage.STARTING)
    process = _spawn(order.place, command, lock)
    server = Server(info, order.credentials, layout, options, process)
    try:
        _await_answer(order, process, info, position)
        order.report(Stage.PROVISIONING)
        provision(info, order.credentials)
    except BaseException:
        server.stop()
        raise
    return server


def _clear_remains(layout: Layout, info: ConnectionInfo) -> None:
    """Remove what names a process id: the server would take a stranger with that id for a living server.

    Whoever holds the server lock, and has seen no process work on the data, may do this.
    """
    lock_of_socket = info.socket.with_name(f"{info.socket.name}.lock")
    for left in (layout.data / "postmaster.pid", info.socket, lock_of_socket):
        left.unlink(missing_ok=True)


def _spawn(place: Place, command: Sequence[str], lock: HeldLock) -> Process:
    log = logfile.open_log(place.layout.log)
    try:
        child = place.confinement.run(command, output=log, keep=(lock.descriptor,))
    finally:
        os.close(log)
        lock.close()
    return Process(child.pid, os.pidfd_open(child.pid), child)


def _cause(process: Process, last_words: str) -> TenutoError:
    code = process.child.wait() if process.child else 0
    if code < 0:
        return TenutoError(START_KILLED, f"by signal {-code}")
    return cause_of(last_words)


def _await_answer(order: Launch, process: Process, info: ConnectionInfo, position: int) -> None:
    layout = order.place.layout
    while True:
        if process.wait(0):
            raise _cause(process, logfile.said_since(layout.log, position))
        answer = ask(layout, info, order.credentials.admin)
        if answer is Answer.OPEN:
            return
        if answer is Answer.NOT_YET:
            order.watch.sign_of_life()
            order.report(Stage.RECOVERING)
        if order.watch.silence > order.options.patience.silence:
            raise TenutoError(START_FAILED, f"no answer within {order.options.patience.silence:g} s")
        order.watch.nap()
