"""Ledger and budgets over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec

from tenuto.spend import use_cases
from tenuto.spend.use_cases import LedgerFilter
from tenuto.spend.words import LedgerRow, PeriodState, Spent
from tenuto.web.api.scopes import services_of, workspace_scope
from tenuto.web.registry.paging import Page, PageQuery, page_of
from tenuto.web.registry.words import PLAIN_READ, Route
from tenuto.web.words import Call, Input

_TAG = "spend"


class LedgerQuery(PageQuery, frozen=True, kw_only=True):
    actor: str = ""
    route: str = ""
    request_id: str = ""


class BudgetView(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts are decimal text in the organisation's currency."""

    name: str
    amount: str
    period: str
    hard: bool
    starts_at: datetime
    spent: str
    reserved: str
    reached: tuple[int, ...]  # thresholds, in percent


class Budgets(msgspec.Struct, frozen=True):
    items: list[BudgetView]


class DaysQuery(Input, frozen=True, kw_only=True):
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 30


class DayView(msgspec.Struct, frozen=True, kw_only=True):
    """``cost`` is decimal text in the organisation's currency and leaves the unpriced calls out."""

    day: date
    route: str
    provider: str
    model: str
    calls: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cost: str


class Days(msgspec.Struct, frozen=True):
    items: list[DayView]


class Totals(msgspec.Struct, frozen=True):
    items: list[Spent]


def ledger(call: Call, _body: None, query: LedgerQuery) -> Page[LedgerRow]:
    last = query.key(str, str)
    wanted = LedgerFilter(
        actor=query.actor,
        route=query.route,
        request_id=query.request_id,
        before=(datetime.fromisoformat(str(last[0])), str(last[1])) if last else None,
        limit=query.limit + 1,
    )
    found = use_cases.ledger(services_of(call).desk, workspace_scope(call), wanted=wanted)
    return page_of(found, query.limit, lambda row: (row.at.isoformat(), row.request_id))


def budgets(call: Call, _body: None, _query: None) -> Budgets:
    return Budgets(
        [_view(state) for state in use_cases.budgets(services_of(call).desk, workspace_scope(call))]
    )


def totals(call: Call, _body: None, _query: None) -> Totals:
    return Totals(use_cases.totals(services_of(call).desk, workspace_scope(call)))


def days(call: Call, _body: None, query: DaysQuery) -> Days:
    found = use_cases.by_day(services_of(call).desk, workspace_scope(call), days=query.days)
    return Days([DayView(**msgspec.structs.asdict(one) | {"cost": str(one.cost)}) for one in found])


def routes() -> list[Route]:
    return [
        Route(
            "GET",
            "/api/v1/ledger",
            handler=ledger,
            summary="Model calls with tokens and cost, newest first",
            action="spend:ledger:read",
            resource="Ledger",
            audit=PLAIN_READ,
            query=LedgerQuery,
            response=Page[LedgerRow],
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/budgets",
            handler=budgets,
            summary="Budgets and how far each is used up",
            action="spend:ledger:read",
            resource="Ledger",
            audit=PLAIN_READ,
            response=Budgets,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/spend",
            handler=totals,
            summary="Tokens and cost by route and provider",
            action="spend:ledger:read",
            resource="Ledger",
            audit=PLAIN_READ,
            response=Totals,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/spend/days",
            handler=days,
            summary="Tokens and cost by day, route and model",
            action="spend:ledger:read",
            resource="Ledger",
            audit=PLAIN_READ,
            query=DaysQuery,
            response=Days,
            tag=_TAG,
        ),
    ]


def _view(state: PeriodState) -> BudgetView:
    budget = state.budget
    return BudgetView(
        name=budget.name,
        amount=str(budget.amount),
        period=budget.period.value,
        hard=budget.hard,
        starts_at=state.starts_at,
        spent=str(state.spent),
        reserved=str(state.reserved),
        reached=state.fired,
    )
