"""What was used and what it cost."""

from __future__ import annotations

from datetime import date, datetime

import msgspec


class LedgerRow(msgspec.Struct, frozen=True):
    """One model call. ``cost`` is decimal text, None where no price was known: unpriced is not free."""

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
    usage_source: str
    cost: str | None
    price_source: str
    duration_ms: int
    overhead_us: int


class BudgetState(msgspec.Struct, frozen=True):
    """How far a budget is used up. Amounts are decimal text, ``reached`` thresholds are percentages."""

    name: str
    amount: str
    period: str
    hard: bool
    starts_at: datetime
    spent: str
    reserved: str
    reached: list[int]


class Spent(msgspec.Struct, frozen=True):
    """What a route used at one provider. ``cost`` leaves the ``unpriced`` calls out."""

    route: str
    provider: str
    calls: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cost: str


class DaySpent(msgspec.Struct, frozen=True):
    """What one model was used for on one route during one day (UTC). ``cost`` leaves ``unpriced`` calls out."""

    day: date
    route: str
    provider: str
    model: str
    calls: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cost: str
