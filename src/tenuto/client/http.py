"""One connection to a platform: HTTP over the standard library, kept alive, verified, with time limits.

A request is sent again only where that cannot do a thing twice: a GET that found no answer, and a GET, PUT or
DELETE that was told to come back (503 with ``Retry-After``). Redirects are not followed and proxies of the
environment are not used, so a token goes to the address it was given for and nowhere else.
"""

from __future__ import annotations

import http.client
import select
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO
from urllib.parse import urlsplit

import msgspec

from tenuto.client.errors import (
    ADDRESS_INVALID,
    ANSWER_UNREADABLE,
    NO_ANSWER_IN_TIME,
    NOT_TRUSTED,
    UNREACHABLE,
    error_of,
)
from tenuto.core.errors import TenutoError

LARGEST_JSON = 256 * 2**20  # bytes of an answer that is held whole
_PIECE = 2**20  # bytes
_TRIES = 3
_PAUSE = 0.2  # seconds before the second try, doubled for each further one
_LONGEST_PAUSE = 5.0  # seconds; who is told to wait longer is told so
_IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})


class Limits(msgspec.Struct, frozen=True):
    """How long to wait for a connection, and for each piece of an answer, in seconds."""

    connecting: float = 10.0
    answering: float = 300.0


class Address(msgspec.Struct, frozen=True):
    secure: bool
    host: str
    port: int | None
    prefix: str  # of every path, without a slash at its end

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{'https' if self.secure else 'http'}://{host}{port}{self.prefix}"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it goes out. ``target`` is the path with its query, ``body`` bytes or a file of ``size``."""

    method: str
    target: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    file: BinaryIO | None = None
    size: int = 0


def parse_address(text: str) -> Address:
    """Read a base address. Raises on what could send a token astray."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise TenutoError(ADDRESS_INVALID, f"{text!r}: {error}") from None
    strange = parts.username or parts.password or parts.query or parts.fragment
    if parts.scheme not in {"http", "https"} or not parts.hostname or strange:
        raise TenutoError(ADDRESS_INVALID, f"{parts.scheme or 'no scheme'}, host {parts.hostname!r}")
    return Address(parts.scheme == "https", parts.hostname, port, parts.path.rstrip("/"))


class Connection:
    """Talks to one platform. Not for several threads at once: give each its own."""

    def __init__(
        self,
        address: Address,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        *,
        trust: ssl.SSLContext | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = address
        self._limits = limits
        self._trust = trust
        self._pause = pause
        self._open: http.client.HTTPConnection | None = None
        self._half_sent = False  # a body broke off: nothing more can be sent on this connection

    def fetch(self, message: Message) -> bytes:
        """Send a request and return the whole answer. Raises the error that the platform tells."""
        with self.answered(message) as answer, self._told():
            content = answer.read(LARGEST_JSON + 1)
        if len(content) > LARGEST_JSON:
            raise TenutoError(ANSWER_UNREADABLE, f"more than {LARGEST_JSON} bytes")
        if answer.length:
            raise TenutoError(UNREACHABLE, f"the answer broke off, {answer.length} bytes before its end")
        return content

    def download(self, message: Message, target: BinaryIO) -> int:
        """Write an answer of any size to ``target`` and return its length. Raises when it breaks off."""
        with self.answered(message) as answer:
            announced, size = answer.length, 0
            while piece := self._piece(answer):
                target.write(piece)
                size += len(piece)
        if announced is not None and size != announced:
            raise TenutoError(UNREACHABLE, f"the answer broke off after {size} of {announced} bytes")
        return size

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    @contextmanager
    def answered(self, message: Message) -> Iterator[http.client.HTTPResponse]:
        """Give the answer of a request that was taken. The connection is used again if all of it is read."""
        answer = self._insisted(message)
        try:
            yield answer
        finally:
            if not answer.isclosed():
                answer.close()
                self.close()

    def _insisted(self, message: Message) -> http.client.HTTPResponse:
        for attempt in range(1, _TRIES):
            try:
                answer = self._sent(message)
            except TenutoError as error:
                if error.fault is not UNREACHABLE or message.method != "GET":
                    raise
                self._pause(_PAUSE * 2 ** (attempt - 1))
                continue
            wait = _told_to_wait(message, answer)
            if wait is None:
                return self._require_taken(answer)
            self._drain(answer)
            self._pause(wait)
        return self._require_taken(self._sent(message))

    def _require_taken(self, answer: http.client.HTTPResponse) -> http.client.HTTPResponse:
        if 200 <= answer.status < 300:
            return answer
        raise error_of(answer.status, self._drain(answer))

    def _drain(self, answer: http.client.HTTPResponse) -> bytes:
        with self._told():
            content = answer.read(LARGEST_JSON)
        if not answer.isclosed():
            self.close()
        return content

    def _piece(self, answer: http.client.HTTPResponse) -> bytes:
        with self._told():
            return answer.read(_PIECE)

    def _sent(self, message: Message) -> http.client.HTTPResponse:
        connection = self._connection()
        with self._told():
            self._send(connection, message)
            return connection.getresponse()

    def _send(self, connection: http.client.HTTPConnection, message: Message) -> None:
        headers = dict(message.headers)
        if message.file is not None:
            headers["Content-Length"] = str(message.size)
        body = message.body if message.file is None else message.file
        try:
            connection.request(message.method, self._address.prefix + message.target, body, headers)
        except (BrokenPipeError, ConnectionResetError):
            # A server may refuse before it has read everything. Then its answer is there to read.
            if message.file is None:
                raise
            self._half_sent = True

    def _connection(self) -> http.client.HTTPConnection:
        """Return the open connection, or a new one where there is none or the server let go of it."""
        if self._open is not None and (self._half_sent or _is_dropped(self._open)):
            self.close()
        if self._open is None:
            opened = self._new()
            with self._told():
                try:
                    opened.connect()
                except BaseException:
                    opened.close()  # a handshake that failed leaves its socket open
                    raise
            opened.sock.settimeout(self._limits.answering)
            self._open, self._half_sent = opened, False
        return self._open

    def _new(self) -> http.client.HTTPConnection:
        host, port, limit = self._address.host, self._address.port, self._limits.connecting
        if not self._address.secure:
            return http.client.HTTPConnection(host, port, timeout=limit, blocksize=_PIECE)
        trust = self._trust or ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=limit, blocksize=_PIECE, context=trust)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell in our words what the connection could not do, and let go of it."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise TenutoError(NOT_TRUSTED, f"{self._address}: {error.verify_message}") from error
        except TimeoutError as error:
            waiting = self._open is not None
            self.close()
            raise TenutoError(NO_ANSWER_IN_TIME if waiting else UNREACHABLE, str(self._address)) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise TenutoError(UNREACHABLE, f"{self._address}: {why}") from error


def _is_dropped(connection: http.client.HTTPConnection) -> bool:
    """Tell whether the server has ended an idle connection: then there is something to read, namely the end."""
    if connection.sock is None:
        return True
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _told_to_wait(message: Message, answer: http.client.HTTPResponse) -> float | None:
    """Return how long to wait before sending the same again, or None when that is not for us to do."""
    wanted = answer.headers.get("Retry-After", "")
    if answer.status != 503 or message.method not in _IDEMPOTENT or not wanted.isdigit():
        return None
    return float(wanted) if int(wanted) <= _LONGEST_PAUSE else None
