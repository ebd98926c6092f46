"""Who may call which model, and where the call goes: the compiled view the gateway serves from."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec

from tenuto.core.errors import Fault
from tenuto.core.words import Actor, Verdict


class WireFormat(Enum):
    """The shape of a model call on the wire, named after the API that defined it."""

    CHAT_COMPLETIONS = "chat_completions"
    MESSAGES = "messages"


class Operation(Enum):
    CHAT = "chat"
    EMBEDDINGS = "embeddings"


class Identity(msgspec.Struct, frozen=True):
    """Who is calling, as the key says."""

    key_id: str
    actor: Actor
    workspace: str
    project: str = ""
    team: str = ""
    tags: dict[str, str] = {}


class KeyEntry(msgspec.Struct, frozen=True):
    identity: Identity
    digest: bytes  # keyed hash of the key; the key itself is known to its holder only
    expires_at: datetime | None = None


class Upstream(msgspec.Struct, frozen=True):
    """One place that can answer a route: a provider's model, at an address, with a credential.

    ``base_url`` is always given: a profile's own address is filled in when the snapshot is compiled.
    """

    provider: str
    dialect: str
    profile: str
    base_url: str
    model: str
    credential: str | None = None  # a reference; the secret is resolved when the call is sent
    region: str = ""

    @property
    def label(self) -> str:
        return f"{self.provider}/{self.model}"


class Protection(msgspec.Struct, frozen=True):
    """What happens to each kind of personal data (`mask`, `block`, `allow`), by which declared policies.

    Kinds that are not named are masked.
    """

    policies: tuple[str, ...] = ()
    treatments: dict[str, str] = {}


MASKED = Protection()


class Route(msgspec.Struct, frozen=True):
    """A public model name and the upstreams that may answer it, in the order they are tried."""

    name: str
    upstreams: tuple[Upstream, ...]
    operations: tuple[Operation, ...] = (Operation.CHAT, Operation.EMBEDDINGS)
    output_cap: int | None = None  # the most tokens reserved, and asked for, in one answer
    protection: Protection | None = MASKED  # None: personal data is sent as it is
    created: int = 0  # Unix time, as model lists show it


class Endpoint(msgspec.Struct, frozen=True):
    """A deployed model that answers predictions behind a local socket."""

    name: str
    socket: str


class Snapshot(msgspec.Struct, frozen=True):
    """Everything the data plane needs to decide, compiled beforehand and never changed.

    ``routes`` and ``endpoints`` are by workspace, then by name. ``verdicts`` are by key id, then by
    ``route:NAME`` or ``endpoint:NAME``; an absent verdict is a refusal.
    """

    version: str
    valid_until: datetime
    keys: dict[str, KeyEntry] = {}
    routes: dict[str, dict[str, Route]] = {}
    endpoints: dict[str, dict[str, Endpoint]] = {}
    verdicts: dict[str, dict[str, Verdict]] = {}


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one family of servers knows within a dialect, as data."""

    name: str
    base_url: str = ""
    max_tokens_field: str = "max_tokens"
    default_max_tokens: int = 4_096  # for formats in which the limit is mandatory
    reports_stream_usage: bool = True  # takes `stream_options.include_usage`
    marks_end: bool = True  # ends every stream with the dialect's terminator
    images: bool = True
    headers: dict[str, str] = {}


class Attempt(msgspec.Struct, frozen=True):
    """One try at one upstream. ``pause`` (seconds) goes before it when the upstream was tried already."""

    upstream: Upstream
    repeats: bool = False
    pause: float = 0.0


class Plan(msgspec.Struct, frozen=True):
    """Who calls what, why it is allowed, and where it will be tried, in order."""

    identity: Identity
    route: Route
    verdict: Verdict
    attempts: tuple[Attempt, ...]


class Refusal(msgspec.Struct, frozen=True):
    """A call that will not be made, and why. ``retry_after`` is in seconds."""

    fault: Fault
    detail: str
    retry_after: int | None = None
