"""Look at what was used and what it cost."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Ref
from tenuto.govern.use_case import Case, use_case
from tenuto.spend import queries
from tenuto.spend.errors import CALL_UNKNOWN
from tenuto.spend.rules import period_start
from tenuto.spend.words import DaySpent, Interval, LedgerRow, Period, PeriodState, Spent

_LEDGER = "spend:ledger:read"


class LedgerFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first. ``before`` is the last (time, request id) seen."""

    actor: str = ""
    route: str = ""
    request_id: str = ""
    before: tuple[datetime, str] | None = None
    limit: int = 100


@use_case(_LEDGER, mutating=False)
def ledger(case: Case, *, wanted: LedgerFilter) -> list[LedgerRow]:
    """Return the calls of this workspace with their tokens and cost."""
    case.permit(Ref("Ledger", "ledger", "", case.scope.workspace))
    return queries.ledger(
        case.tx,
        actor=wanted.actor,
        route=wanted.route,
        request_id=wanted.request_id,
        before=wanted.before,
        limit=wanted.limit,
    )


@use_case(_LEDGER, mutating=False)
def one_call(case: Case, *, request_id: str) -> LedgerRow:
    """Return the entry of one call of this workspace."""
    case.permit(Ref("Ledger", "ledger", "", case.scope.workspace))
    found = queries.ledger(case.tx, actor="", route="", request_id=request_id, before=None, limit=1)
    if not found:
        raise TenutoError(CALL_UNKNOWN, request_id)
    return found[0]


@use_case(_LEDGER, mutating=False)
def budgets(case: Case) -> list[PeriodState]:
    """Return every budget of this workspace with how far it is used up in its current period."""
    case.permit(Ref("Ledger", "ledger", "", case.scope.workspace))
    return queries.states(case.tx, case.clock.now())


@use_case(_LEDGER, mutating=False)
def totals(case: Case) -> list[Spent]:
    """Return tokens and cost by route and provider. Unpriced calls are counted apart, never as free."""
    case.permit(Ref("Ledger", "ledger", "", case.scope.workspace))
    return queries.totals(case.tx)


@use_case(_LEDGER, mutating=False)
def by_day(case: Case, *, days: int) -> list[DaySpent]:
    """Return what each of the last ``days`` days (UTC, this one included) came to, by route and model."""
    case.permit(Ref("Ledger", "ledger", "", case.scope.workspace))
    first = period_start(Period.DAY, case.clock.now()) - timedelta(days=days - 1)
    return queries.by_day(case.tx, first)


@use_case(_LEDGER, mutating=False)
def today(case: Case) -> Interval:
    """Return what the calls of this day (UTC) came to."""
    case.permit(Ref("Ledger", "ledger", "", case.scope.workspace))
    return queries.spent_since(case.tx, period_start(Period.DAY, case.clock.now()))
