"""Reads answers that come as one body, whichever server they are from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.upstream_json import read_upstream
from tenuto.gateway.words.answer import AnswerEvent, Failed, Frame

T = TypeVar("T")


class WholeDecoder(Generic[T]):
    """Collects a body, reads it as the server's own shape, and lets ``events`` say what that holds."""

    def __init__(
        self, decoder: msgspec.json.Decoder[T], events: Callable[[T], Iterable[AnswerEvent]]
    ) -> None:
        self._decoder = decoder
        self._events = events
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> list[Frame]:
        self._parts.append(chunk)
        return []

    def close(self) -> list[Frame]:
        body = b"".join(self._parts)
        try:
            answer = read_upstream(self._decoder, body, "the answer")
        except TenutoError as error:
            return [Frame(body, (Failed(error.fault, error.detail),))]
        return [Frame(body, tuple(self._events(answer)), body)]
