"""A PostgreSQL that is not ours: on a TCP port, with people of its own, started from the same programs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from support.running import free_port
from tenuto.store.embedded.binaries import find_binaries
from tenuto.store.embedded.confinement import Confinement, in_namespace, ordinary

ADMIN, PASSWORD = "postgres", "an-administrator's-password"


class OutsideServer:
    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, user: str = ADMIN, password: str = PASSWORD, database: str = "postgres") -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database=database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def outside_server(folder: Path) -> Iterator[OutsideServer]:
    """Keep a server for as long as the block lasts; its data lie in ``folder``."""
    binaries, port = find_binaries(), free_port()
    confinement = _confinement(folder, binaries.program("postgres"))
    secret = folder / "password"
    secret.write_text(PASSWORD)
    data = folder / "data"
    code, said = confinement.outcome(
        [
            str(binaries.program("initdb")),
            f"--pgdata={data}",
            f"--username={ADMIN}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        limit=120.0,
        initialising=True,
    )
    assert code == 0, said
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
    }
    chosen = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        command = [str(binaries.program("postgres")), "-D", str(data), *chosen]
        process = confinement.run(command, output=log.fileno())
    server = OutsideServer(port)
    try:
        _await_answer(server, process, folder / "log")
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _confinement(folder: Path, program: Path) -> Confinement:
    if os.geteuid() != 0:
        return ordinary()
    inside = in_namespace(folder, program)
    if inside is None:
        pytest.skip("needs an ordinary user, or root in a user namespace")
    return inside


def _await_answer(server: OutsideServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(server.url()).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())


@contextmanager
def server_of_version(version: str) -> Iterator[OutsideServer]:
    """Something that lets everybody in who comes without TLS, and says that it is this version of PostgreSQL."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        answering = threading.Thread(target=_answer, args=(door, version), daemon=True)
        answering.start()
        yield OutsideServer(door.getsockname()[1])
    answering.join(5)


def _answer(door: socket.socket, version: str) -> None:
    """Speak the start of the protocol: AuthenticationOk, one ParameterStatus, ReadyForQuery."""
    try:
        line, _ = door.accept()
    except OSError:  # closed without a visitor
        return
    with line:
        line.recv(1024)
        line.sendall(
            _message(b"R", (0).to_bytes(4, "big"))
            + _message(b"S", b"server_version\0" + version.encode() + b"\0")
            + _message(b"Z", b"I")
        )
        line.recv(1024)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body
