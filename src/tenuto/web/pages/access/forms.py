"""What the forms of access hold."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tenuto.core.words import ActorKind
from tenuto.govern.identities.words import KeyPurpose
from tenuto.web.words import Input

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Days = Annotated[int, msgspec.Meta(ge=1, le=3650)]


class InviteForm(Input, frozen=True, kw_only=True):
    email: Annotated[str, msgspec.Meta(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
    name: Text


class AccountForm(Input, frozen=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(max_length=63, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]


class GrantForm(Input, frozen=True, kw_only=True):
    """``subject`` is ``kind:name``; ``here`` narrows the role to the workspace one stands in."""

    subject: Text
    role: Text
    here: bool = False


class KeyForm(Input, frozen=True, kw_only=True):
    """``account`` makes the key for a service account; ``models`` are names, separated by commas."""

    name: Text
    purpose: KeyPurpose
    account: str = ""
    models: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    days: Days = 90


class WhyForm(Input, frozen=True, kw_only=True):
    """May ``subject`` (``kind:name``) do ``action`` here, to the thing named?"""

    subject: Text
    action: Text
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""


class WhyQuery(Input, frozen=True, kw_only=True):
    """A question to begin with, as the page of a refusal links to it."""

    action: Annotated[str, msgspec.Meta(max_length=200)] = ""


def subject_of(text: str) -> tuple[ActorKind, str]:
    """Read ``kind:name`` as the lists of subjects write it. An unknown kind is a person that nobody knows."""
    kind, _, name = text.partition(":")
    known = {one.value: one for one in (ActorKind.PERSON, ActorKind.SERVICE_ACCOUNT)}
    return (known[kind], name) if kind in known else (ActorKind.PERSON, text)
