"""What a door needs of the HTTP server, and nothing else, so that the server can be another one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Protocol

Headers = list[tuple[str, str]]


class Sink(Protocol):
    """The body of an answer that is sent in pieces."""

    async def send(self, piece: bytes) -> None:
        """Send one piece. Raises ``CallerGone`` when nobody receives it."""
        ...

    async def end(self) -> None:
        """Say that the answer is complete, and wait until it is taken."""
        ...

    def abandon(self) -> None:
        """Let go of an answer that will not be completed. Harmless after ``end``."""
        ...


class Exchange(Protocol):
    """One request and its answer."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str:
        """Return the decoded path."""
        ...

    @property
    def query(self) -> str: ...

    @property
    def source(self) -> str:
        """Return the caller's network address, without its port."""
        ...

    @property
    def scheme(self) -> str: ...

    def header(self, name: str) -> str:
        """Return the value of a header, empty where there is none."""
        ...

    def headers(self) -> Headers: ...

    async def body(self, most: int) -> bytes:
        """Return the whole body. Raises ``TenutoError`` when it is larger than ``most`` or breaks off."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """Return the body as it comes. Raises ``TenutoError`` when it breaks off."""
        ...

    def answer(self, status: int, headers: Headers, body: bytes) -> None: ...

    def stream(self, status: int, headers: Headers) -> Sink:
        """Start an answer of small pieces: the server takes them all, however slow the caller reads."""
        ...

    async def paced_stream(self, status: int, headers: Headers) -> Sink:
        """Start an answer of any size: sending waits for the caller to read."""
        ...

    def gone(self) -> Awaitable[None]:
        """Return what completes when the caller goes away before its answer is complete."""
        ...


class CallerGone(Exception):  # noqa: N818  # not an error: callers may leave
    """Nobody receives the answer any more."""
