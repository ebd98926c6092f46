"""What a handler is given and what it may give back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from tenuto.core.words import ANONYMOUS, Actor, Scope


class Language(Enum):
    ENGLISH = "en"
    FRENCH = "fr"


class Theme(Enum):
    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of every body and query: unknown fields are refused, not ignored."""


class Caller(msgspec.Struct, frozen=True):
    """Who was recognised at the door. ``credential`` names the session or key, and is no secret."""

    actor: Actor
    credential: str
    workspace: str | None = None  # where this caller works unless the request says otherwise


class Received(msgspec.Struct, frozen=True):
    """An upload that lies on disk. It is deleted after the handler, unless the handler moved it away."""

    path: Path
    size: int
    digest: str
    media_type: str


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request as a handler sees it. Headers, cookies and the address itself stay outside."""

    services: Any  # what the composition root gives to handlers; opaque to this room
    caller: Caller | None = None
    workspace: str | None = None
    request_id: str = ""
    source: str = ""
    language: Language = Language.ENGLISH
    theme: Theme = Theme.AUTO
    path: dict[str, str] = {}
    page: str = "/"  # the path of this page
    address: str = "/"  # the same with its query, to come back to
    partial: bool = False  # htmx asked for a part of the page
    upload: Received | None = None

    @property
    def actor(self) -> Actor:
        return self.caller.actor if self.caller else ANONYMOUS

    @property
    def scope(self) -> Scope:
        return Scope(self.actor, self.workspace, self.request_id, self.source)


class FlashKind(Enum):
    DONE = "done"
    NOTE = "note"
    WARNING = "warning"


class Flash(msgspec.Struct, frozen=True):
    """A message shown once on the next page: a key of the catalogue and what fills its places."""

    key: str
    values: dict[str, str | int] = {}
    kind: FlashKind = FlashKind.DONE


class NewSession(msgspec.Struct, frozen=True):
    """A session that begins. ``secret`` goes into the cookie and nowhere else."""

    secret: str
    expires: datetime


class View(msgspec.Struct, frozen=True):
    """A console page, or with ``fragment`` the named block of it when only a part was asked for."""

    template: str
    values: dict[str, Any] = {}
    title: str = ""  # a key of the catalogue; empty means the title of the route
    title_values: dict[str, str | int] = {}
    fragment: str = ""
    status: int | None = None


class Redirect(msgspec.Struct, frozen=True):
    """Go on at another page of this console."""

    to: str
    flash: Flash | None = None
    session: NewSession | None = None
    forget_session: bool = False
    cookies: dict[str, str] = {}  # preferences, by their short name


class Answer(msgspec.Struct, frozen=True):
    """A JSON answer that also says something in its headers."""

    value: Any
    status: int | None = None
    etag: str | None = None
    location: str | None = None


class Content(msgspec.Struct, frozen=True):
    """Bytes that are ready to send, with their gzipped form for those who take it."""

    plain: bytes
    media_type: str
    gzipped: bytes = b""
    cache_control: str = "no-store"


class File(msgspec.Struct, frozen=True):
    """A file on this machine, always sent as a download."""

    path: Path
    filename: str
    media_type: str = "application/octet-stream"


class Stream(msgspec.Struct, frozen=True):
    """Bytes made while they are sent. Without ``filename`` they are shown, with it they are a download."""

    chunks: Iterable[bytes]
    media_type: str
    filename: str = ""


class LiveEvent(msgspec.Struct, frozen=True):
    """Something to show now. Without a name the page swaps ``data`` in; with one it raises an event."""

    data: View | str
    name: str = ""


class Tick(msgspec.Struct, frozen=True):
    """What is new since the last look, and the cursor to look from next time."""

    cursor: str
    events: tuple[LiveEvent, ...] = ()
    done: bool = False


class Live(msgspec.Struct, frozen=True):
    """A page part that follows the truth: ``read`` is asked for news until it is done or the reader leaves.

    No thread is held between two looks, and the caller is recognised again before each.
    """

    read: Callable[[str], Tick]
    interval: float = 1.0  # seconds
