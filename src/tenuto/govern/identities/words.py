"""The words of who somebody is."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec

from tenuto.core.words import Actor, ActorKind, Ref


class Person(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str
    active: bool

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.PERSON, self.id, self.name)

    @property
    def ref(self) -> Ref:
        return Ref("Person", self.id, self.name)


class ServiceAccount(msgspec.Struct, frozen=True):
    """A machine's identity. Its owner answers for it: as an author, and when duties are separated."""

    id: str
    name: str
    owner_id: str
    active: bool

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.SERVICE_ACCOUNT, self.id, self.name, self.owner_id)

    @property
    def ref(self) -> Ref:
        return Ref("ServiceAccount", self.id, self.name, None, {"owner": self.owner_id})


class KeyPurpose(Enum):
    PLATFORM = "platform"  # the control plane: command line, client, automation
    GATEWAY = "gateway"  # model calls and predictions of one workspace


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a key. The key itself is shown once, when it is made."""

    id: str
    name: str
    purpose: KeyPurpose
    actor: Actor
    workspace: str | None
    models: list[str] | None  # routes and endpoints it is good for; None for all that its owner may call
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    @property
    def ref(self) -> Ref:
        return Ref("ApiKey", self.id, self.name, self.workspace, {"owner": self.actor.answerable})


class TokenPurpose(Enum):
    BOOTSTRAP = "bootstrap"
    INVITATION = "invitation"
