"""A server that answers exactly what a test says, byte for byte, and writes down what it was asked."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Asked:
    """One request. ``connection`` counts the connections that the server took."""

    connection: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Said:
    """What is sent, and whether the connection ends after it. ``reads`` tells whether the body is read first."""

    content: bytes
    closes: bool = False
    reads: bool = True


def answer(status: int, content: bytes = b"{}", *, closes: bool = False, **headers: str) -> Said:
    """Return a well-formed answer."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Said("\r\n".join([*lines, "", ""]).encode() + content, closes)


HANG_UP = Said(b"", closes=True)


class ScriptedServer:
    """Gives the next answer of its script for each request; the last one again and again."""

    def __init__(self, *script: Said, trust: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self._script = list(script)
        self._trust = trust
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        scheme = "https" if self._trust else "http"
        return f"{scheme}://localhost:{self._listener.getsockname()[1]}"

    def drop_connections(self) -> None:
        """End every open connection from this side, as a server does with idle ones."""
        for connection in self._connections:
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._connections.clear()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # or the thread would go on waiting for callers
        self._listener.close()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self._trust is not None:
                connection = self._trust.wrap_socket(connection, server_side=True)
            self._connections.append(connection)
            with connection, connection.makefile("rb") as received:
                while (said := self._next(received.readline, received.read, number)) is not None:
                    connection.sendall(said.content)
                    if said.closes:
                        return
        except OSError:
            return  # the client went away, or did not like our certificate

    def _next(self, readline: Callable[[], bytes], read: Callable[[int], bytes], number: int) -> Said | None:
        first = readline()
        if not first:
            return None
        method, target, _ = first.decode().split()
        headers = dict(_headers(iter(readline, b"\r\n")))
        said = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        body = read(int(headers.get("content-length", 0))) if said.reads else b""
        self.asked.append(Asked(number, method, target, headers, body))
        return said


def _headers(lines: Iterable[bytes]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, _, value = line.decode().partition(":")
        yield name.lower(), value.strip()
