"""The words of money."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum

import msgspec

from tenuto.core.money import Money

UNPRICED = "unpriced"


class Period(Enum):
    DAY = "day"
    MONTH = "month"
    TOTAL = "total"


class UsageSource(Enum):
    """Where a count comes from. What the provider reported wins over what was estimated."""

    PROVIDER = "provider"
    ESTIMATED = "estimated"


class Tokens(msgspec.Struct, frozen=True):
    """Tokens of one call. ``cached_input`` is a part of ``input``, ``reasoning`` a part of ``output``."""

    input: int = 0
    output: int = 0
    cached_input: int = 0
    reasoning: int = 0


class Price(msgspec.Struct, frozen=True):
    """What a provider's model costs per million tokens. ``source`` names the declaration it was taken from."""

    provider: str
    model: str
    input: Money
    output: Money
    cached_input: Money | None
    valid_from: datetime
    source: str


class Quote(msgspec.Struct, frozen=True):
    """The most a call may cost, and the prices of its candidates at that moment, where there are any."""

    amount: Money
    prices: tuple[Price, ...]


class Budget(msgspec.Struct, frozen=True):
    """A limit in money over a period. The selectors narrow it to one key, actor or route."""

    id: str
    name: str
    amount: Money
    period: Period
    hard: bool
    thresholds: tuple[int, ...] = ()
    key_id: str | None = None
    actor_id: str | None = None
    route: str | None = None


class PeriodState(msgspec.Struct, frozen=True):
    """How far one budget is used up in its current period."""

    budget: Budget
    starts_at: datetime
    reserved: Money
    spent: Money
    fired: tuple[int, ...] = ()


class Candidate(msgspec.Struct, frozen=True):
    """A model that may answer the call."""

    provider: str
    model: str


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is about to be made, to the first of ``candidates`` that answers.

    ``max_output`` is what the caller or the route allows at most.
    """

    request_id: str
    workspace: str
    actor_id: str
    key_id: str
    route: str
    candidates: tuple[Candidate, ...]
    input_tokens: int  # estimated before the call
    max_output: int


class Reservation(msgspec.Struct, frozen=True):
    request_id: str
    amount: Money


class Refusal(msgspec.Struct, frozen=True):
    """Why a call may not be made. ``budget`` is the name of the budget that stops it."""

    budget: str
    reason: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a call ended, as the gateway saw it."""

    request_id: str
    provider: str
    model: str
    status: str  # "ok", "failed", "cancelled"
    tokens: Tokens
    usage_source: UsageSource
    streamed: bool = False
    attempts: int = 1
    error: str | None = None
    duration_ms: int = 0
    overhead_us: int = 0
    client_request_id: str | None = None


class Settled(msgspec.Struct, frozen=True):
    """What a call cost. ``cost`` is None where no price is known: unpriced is not free."""

    request_id: str
    cost: Money | None
    price_source: str


class LedgerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One call as the ledger has it. ``cost`` is decimal text, None where no price was known."""

    request_id: str
    at: datetime
    actor_id: str
    key_id: str
    route: str
    provider: str
    model: str
    status: str
    error: str | None
    streamed: bool
    attempts: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    usage_source: UsageSource
    cost: str | None
    price_source: str
    duration_ms: int
    overhead_us: int


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What a route used at one provider. ``cost`` is decimal text and leaves unpriced calls out."""

    route: str
    provider: str
    calls: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cost: str


class DaySpent(msgspec.Struct, frozen=True, kw_only=True):
    """What one model of a provider was used for on one route during one day (UTC).

    ``cost`` leaves the ``unpriced`` calls out.
    """

    day: date
    route: str
    provider: str
    model: str
    calls: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cost: Money


class Interval(msgspec.Struct, frozen=True):
    """What the calls since a moment came to. ``cost`` leaves the ``unpriced`` ones out."""

    since: datetime
    calls: int
    unpriced: int
    cost: Money
