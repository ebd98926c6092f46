"""What this room asks others to satisfy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.web.words import Call, Caller, NewSession


class FirstOwner(msgspec.Struct, frozen=True, kw_only=True):
    """Who founds the organisation, what it is called, and the one currency (ISO 4217) its money is counted in."""

    name: str
    email: str
    password: str
    organisation: str = "Organisation"
    currency: str = "EUR"


class Authenticator(Protocol):
    """Recognises who asks. Both raise an UNAUTHENTICATED error for a credential that is not valid."""

    def by_token(self, token: str, source: str) -> Caller:
        """Recognise the API key or access token of an ``Authorization: Bearer`` header."""
        ...

    def by_session(self, secret: str, source: str) -> Caller | None:
        """Recognise a console session by its cookie; None when it has ended, which is no fault."""
        ...


class Entrance(Protocol):
    """Lets people in and out of the console. Refusals are TenutoErrors that may be shown to anybody."""

    def wants_first_owner(self) -> bool:
        """Tell whether nobody owns this installation yet."""
        ...

    def sign_in(self, call: Call, email: str, password: str) -> NewSession: ...

    def make_first_owner(self, call: Call, *, token: str, owner: FirstOwner) -> NewSession: ...

    def sign_out(self, call: Call) -> None: ...


class Notice(msgspec.Struct, frozen=True):
    """Something that must stay visible on every page: a key of the catalogue and what fills its places."""

    key: str
    values: dict[str, str | int] = {}


class FrameFacts(msgspec.Struct, frozen=True):
    """What the frame around each page tells about the workspace one is in."""

    workspace: str = ""
    environment: str = ""  # development, staging, test or production
    counts: dict[str, int] = {}  # how much waits behind a page of the navigation, by its address
    notices: tuple[Notice, ...] = ()
    workspaces: tuple[str, ...] = ()  # where else the reader may go
    account: str = ""  # the address of the page where readers change what is theirs


class Door(msgspec.Struct, frozen=True):
    """A page of the navigation, and the right it asks for."""

    path: str
    action: str
    kind: str  # of resource


class MissingRight(msgspec.Struct, frozen=True):
    """What somebody who was refused may want to know: which right, which roles have it, whom to ask."""

    action: str
    workspace: str  # empty: the organisation
    roles: tuple[str, ...]
    owners: tuple[str, ...]


class Frame(Protocol):
    def facts(self, call: Call) -> FrameFacts: ...

    def closed(self, call: Call, doors: Sequence[Door]) -> Collection[str]:
        """Return the addresses of the pages that the caller may not open."""
        ...

    def missing_right(self, call: Call, error: TenutoError) -> MissingRight | None:
        """Return what a refused caller lacks; None when it is not for want of a right."""
        ...


class PartState(msgspec.Struct, frozen=True):
    """Whether one part of the installation answers. ``name`` completes a key of the catalogue."""

    name: str
    fine: bool
