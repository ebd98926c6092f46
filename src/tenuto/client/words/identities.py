"""People, service accounts, keys and secrets."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Actor(msgspec.Struct, frozen=True):
    kind: str
    id: str
    name: str
    owner: str | None = None


class Who(msgspec.Struct, frozen=True):
    actor: Actor
    workspace: str | None


class Person(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str
    active: bool


class ServiceAccount(msgspec.Struct, frozen=True):
    id: str
    name: str
    owner_id: str
    active: bool


class LoggedIn(msgspec.Struct, frozen=True):
    """``key`` is told this once. ``keys`` are those a person has from before, after setting a new password."""

    person: Person
    key: str
    expires_at: datetime
    keys: list[KeyInfo] = []


class Invited(msgspec.Struct, frozen=True):
    """``token`` is told this once; hand it to the person."""

    person: Person
    token: str


class KeyInfo(msgspec.Struct, frozen=True):
    id: str
    name: str
    purpose: str
    actor: Actor
    workspace: str | None
    models: list[str] | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class MadeKey(msgspec.Struct, frozen=True):
    """``key`` is told this once."""

    info: KeyInfo
    key: str


class SecretInfo(msgspec.Struct, frozen=True):
    name: str
    version: int
    updated_at: datetime


class Done(msgspec.Struct, frozen=True):
    done: bool


class NewPassword(msgspec.Struct, frozen=True):
    """``keys`` are those the person had: they work on unless ``keys_revoked``."""

    person: Person
    sessions_ended: int
    keys: list[KeyInfo]
    keys_revoked: bool


class ShutOut(msgspec.Struct, frozen=True):
    """Who was shut out, and what ended with it. ``accounts`` are the service accounts they still answer for."""

    actor: Actor
    sessions_ended: int
    keys_revoked: list[KeyInfo]
    accounts: list[ServiceAccount]
