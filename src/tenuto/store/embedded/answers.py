"""Does the server answer, and is it the right one? Decided by talking to it, never by a process id."""

from __future__ import annotations

import select
import socket
import struct
from enum import Enum
from pathlib import Path

import msgspec
import psycopg

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.connection import ConnectionInfo
from tenuto.store.embedded.errors import FOREIGN_SERVER, PASSWORD_REFUSED
from tenuto.store.embedded.words import ADMIN

_PROTOCOL = 3 << 16
_CANNOT_CONNECT_NOW = b"57P03"  # starting, recovering or stopping
_ASK = b"select current_setting('data_directory'), (select system_identifier from pg_control_system())"


class Answer(Enum):
    OPEN = "open"  # it takes connections
    NOT_YET = "not yet"  # it starts, recovers or stops, and says so
    SILENT = "silent"  # something holds the socket and says nothing
    ABSENT = "absent"  # nobody listens


class Identity(msgspec.Struct, frozen=True):
    """Which database answers: a copied home has the same system identifier, a new one the same folder."""

    data: str
    system: int


def knock(path: Path, limit: float) -> Answer:
    """Ask for a connection and read the first word of the answer. Waits at most ``limit`` seconds.

    Plain protocol rather than a client library: it alone gives the SQLSTATE of a refusal, and a limit below
    two seconds.
    """
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(limit)
        try:
            line.connect(str(path))
            line.sendall(_greeting())
            return _meaning(line.recv(512))
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return Answer.ABSENT
        except (TimeoutError, BlockingIOError, ConnectionResetError, BrokenPipeError):
            return Answer.SILENT


def identify(info: ConnectionInfo, password: str, limit: float) -> Identity | None:
    """Ask the server who it is. None if it went away or fell silent meanwhile."""
    dsn = info.dsn(ADMIN, password, "postgres")
    try:
        connection = psycopg.connect(dsn, connect_timeout=max(2, int(limit)), autocommit=True)
        try:
            return _ask(connection.pgconn, limit)
        finally:
            connection.close()
    except psycopg.OperationalError as error:
        words = str(error)
        if "password authentication failed" in words:
            raise TenutoError(PASSWORD_REFUSED, f"user {ADMIN}") from error
        if "authentication method requirement" in words or "server signature" in words:
            raise TenutoError(FOREIGN_SERVER, f"{info.socket} is not held by our server") from error
        return None


def _ask(line: psycopg.pq.abc.PGconn, limit: float) -> Identity | None:
    """Send the question and wait for its answer, but not for ever: a process may be stopped in between."""
    line.send_query(_ASK)
    while line.is_busy():
        ready, _, _ = select.select([line.socket], [], [], limit)
        if not ready:
            return None
        line.consume_input()
    result = line.get_result()
    if result is None or result.ntuples != 1:
        return None
    folder, system = (result.get_value(0, column) or b"" for column in (0, 1))
    return Identity(folder.decode(), int(system))


def _greeting() -> bytes:
    pairs = b"user\0" + ADMIN.encode() + b"\0database\0postgres\0\0"
    return struct.pack("!ii", len(pairs) + 8, _PROTOCOL) + pairs


def _meaning(answer: bytes) -> Answer:
    if not answer:
        return Answer.SILENT
    if answer[:1] == b"E" and _sqlstate(answer) == _CANNOT_CONNECT_NOW:
        return Answer.NOT_YET
    return Answer.OPEN


def _sqlstate(message: bytes) -> bytes:
    """Read field C of an ErrorResponse: a type byte, a length, then fields of a letter and a text."""
    fields = message[5:].split(b"\0")
    return next((field[1:] for field in fields if field[:1] == b"C"), b"")
