"""Keyset pagination: a list goes on after the last key seen, so that new rows never shift a page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.web.errors import CURSOR_INVALID
from tenuto.web.words import Input

T = TypeVar("T")
Key = tuple[str | int, ...]
_LONGEST = 1_000  # characters of a cursor


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items, and what to pass as ``after`` to see those that follow; None at the end."""

    items: list[T]
    next: str | None = None


class PageQuery(Input, frozen=True, kw_only=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    after: str | None = None

    def key(self, *kinds: type[str | int]) -> Key | None:
        """Return the key to go on after, one value for each of ``kinds``, or None at the start."""
        return None if self.after is None else _decode(self.after, kinds)


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], Key]) -> Page[T]:
    """Make a page of ``rows``, of which the caller fetched one more than ``limit``."""
    shown = list(rows[:limit])
    return Page(shown, encode_cursor(key(shown[-1])) if len(rows) > limit else None)


def encode_cursor(key: Key) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def _decode(cursor: str, kinds: tuple[type[str | int], ...]) -> Key:
    try:
        if len(cursor) > _LONGEST:
            raise TenutoError(CURSOR_INVALID)
        padded = cursor + "=" * (-len(cursor) % 4)
        key: Key = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True),
            type=tuple[kinds],  # type: ignore[valid-type]
        )
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise TenutoError(CURSOR_INVALID) from error
    return key
