"""One call through the gateway: what was reserved for it, what was sent, how it ended."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec

from tenuto.core.errors import Fault
from tenuto.core.money import Money
from tenuto.gateway.words.accounting import NO_USAGE, Usage
from tenuto.gateway.words.chat import ChatRequest
from tenuto.gateway.words.routing import Identity, Operation, Upstream, WireFormat


class ProviderRequest(msgspec.Struct, frozen=True):
    """What an adapter is asked to put on the wire.

    ``document`` holds the caller's own fields, untouched, when caller and upstream speak the same format;
    otherwise ``chat`` holds the tree. ``headers`` are the caller's, of those the dialect lets through.
    """

    operation: Operation
    model: str
    stream: bool
    document: dict[str, msgspec.Raw] | None = None
    chat: ChatRequest | None = None
    headers: dict[str, str] = {}
    output_cap: int | None = None  # the route's: no answer may be asked to be longer


class HttpCall(msgspec.Struct, frozen=True):
    """A request ready to be sent, but for its address and its credential.

    ``credential`` names the header the secret goes into and what stands before it. ``lost`` names the
    caller's fields that the upstream's format has no word for.
    """

    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    credential: tuple[str, str]
    lost: tuple[str, ...] = ()


class UpstreamFault(msgspec.Struct, frozen=True):
    """A refusal or failure that an upstream reported.

    ``elsewhere`` tells whether another upstream may do better, ``again`` whether the same one may later.
    """

    fault: Fault
    detail: str
    elsewhere: bool
    again: bool
    retry_after: int | None = None


class CallStatus(Enum):
    COMPLETED = "completed"
    REFUSED = "refused"  # Tenuto said no; no upstream was called
    FAILED = "failed"  # every upstream failed before the first piece of content
    CUT = "cut"  # an upstream stopped in the middle of its answer
    CLIENT_GONE = "client_gone"
    STOPPED = "stopped"  # this process was told to stop


class CallIntent(msgspec.Struct, frozen=True):
    """What a call may use at most, told to the ledger before it is made."""

    request_id: str
    identity: Identity
    operation: Operation
    route: str
    upstreams: tuple[Upstream, ...]
    input_estimate: int
    output_limit: int | None  # None when neither the caller nor the route names one


class Reservation(msgspec.Struct, frozen=True):
    """The ledger's promise. ``token`` is the ledger's own and opaque here."""

    request_id: str
    token: str


class AttemptRecord(msgspec.Struct, frozen=True):
    upstream: Upstream
    status: int  # 0 when no answer came
    fault: str  # code of what went wrong, empty when nothing did
    seconds: float


class Outcome(msgspec.Struct, frozen=True):
    """How a reserved call ended. ``upstream`` is the one whose answer was used, if any was.

    Durations are in seconds; overhead is the total without waiting for upstreams or for the caller.
    """

    status: CallStatus
    usage: Usage = NO_USAGE
    upstream: Upstream | None = None
    attempts: tuple[AttemptRecord, ...] = ()
    fault: str = ""  # code of what went wrong, empty when nothing did
    streamed: bool = False
    total: float = 0.0
    overhead: float = 0.0
    client_request_id: str = ""


class Settlement(msgspec.Struct, frozen=True):
    """What the call cost, where a price is known."""

    cost: Money | None = None
    cost_source: str = "unpriced"


class CallRecord(msgspec.Struct, frozen=True):
    """One line of the call log: refused calls, model calls and predictions alike."""

    request_id: str
    source: str  # network origin of the call
    door: str
    http_status: int
    outcome: Outcome
    started_at: datetime
    identity: Identity | None = None
    route: str = ""
    format: WireFormat | None = None
    operation: Operation | None = None
    settlement: Settlement = Settlement()
    first_content: float | None = None  # seconds until the first piece of content
