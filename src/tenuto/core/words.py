"""The nouns every room speaks: actors, scopes, references, verdicts, events."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec


class ActorKind(Enum):
    PERSON = "person"
    SERVICE_ACCOUNT = "service_account"
    RUN = "run"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


class Actor(msgspec.Struct, frozen=True):
    """Who acts. ``owner`` is the person who answers for a service account or a run, else None."""

    kind: ActorKind
    id: str
    name: str
    owner: str | None = None

    @property
    def answerable(self) -> str:
        """The person behind the actor, as separation of duties counts persons."""
        return self.owner or self.id


ANONYMOUS = Actor(ActorKind.ANONYMOUS, "anonymous", "anonymous")


def system_actor(task: str) -> Actor:
    """Return the actor of one of Tenuto's own background tasks; its name says which."""
    return Actor(ActorKind.SYSTEM, f"system:{task}", task)


class Scope(msgspec.Struct, frozen=True):
    """Where a transaction may look: one workspace, or (``workspace`` None) the organisation itself."""

    actor: Actor
    workspace: str | None = None
    request_id: str = ""
    source: str = ""  # network origin of the request, for the audit record


class Ref(msgspec.Struct, frozen=True):
    """A loaded object as permission checks and audit records name it.

    ``facts`` are typed attributes that policies may look at (environment, digest, author ...).
    """

    kind: str
    id: str
    name: str = ""
    workspace: str | None = None
    facts: dict[str, Any] = {}


class Effect(Enum):
    ALLOW = "allow"
    DENY = "deny"


class Verdict(msgspec.Struct, frozen=True):
    """The answer to "may it?", which explains itself."""

    effect: Effect
    reason: str
    rule: str  # the id of the policy or rule that decided
    policy_version: str

    @property
    def allowed(self) -> bool:
        return self.effect is Effect.ALLOW

    @classmethod
    def system(cls, reason: str) -> Verdict:
        """The verdict on what Tenuto does on its own account, as its design says."""
        return cls(Effect.ALLOW, reason, "system", "built-in")


class Event(msgspec.Struct, frozen=True):
    """A fact that happened, named in the past tense: ``model.approved``.

    ``version`` is the version of the payload's shape.
    """

    type: str
    subject: str
    data: dict[str, Any] = {}
    version: int = 1
