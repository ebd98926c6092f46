"""The page of spend."""

from __future__ import annotations

from typing import Any, Literal

from tenuto.spend import use_cases as spend
from tenuto.web.api.scopes import services_of
from tenuto.web.pages.declaring import page
from tenuto.web.pages.place import Standing, allowed, scope_in, standing, working_scope
from tenuto.web.pages.spend.figures import By, Sum, chart, summed, sums
from tenuto.web.registry.words import Group, Nav, Route
from tenuto.web.words import Call, Input, View

SPEND = "/spend"
_READ = "spend:ledger:read"


class SpendQuery(Input, frozen=True, kw_only=True):
    days: Literal[7, 30, 90] = 30
    by: By = By.ROUTE


def show(call: Call, _body: None, query: SpendQuery) -> View:
    stands, scope, desk = standing(call), working_scope(call), services_of(call).desk
    spent = spend.by_day(desk, scope, days=query.days)
    values: dict[str, Any] = {
        "query": query,
        "total": summed("", spent),
        "sums": sums(spent, query.by),
        "chart": chart(spent, query.by, query.days, desk.clock.now().date()),
        "places": _by_workspace(call, stands, query.days),
        "budgets": spend.budgets(desk, scope),
        "here": stands.here,
        "currency": stands.currency,
        "may_declare": allowed(call, scope, "govern:resource:apply", "Budget"),
    }
    return View("spend/spend.html", values, title="spend.title")


def _by_workspace(call: Call, stands: Standing, days: int) -> list[Sum]:
    """Return what each workspace came to whose ledger the reader may see, the dearest first."""
    desk = services_of(call).desk
    found = []
    for place in stands.places:
        scope = scope_in(call, place)
        if allowed(call, scope, _READ, "Ledger"):
            found.append(summed(place.name, spend.by_day(desk, scope, days=days)))
    return sorted(found, key=lambda each: (-each.cost.picos, each.name))


def routes() -> list[Route]:
    return [
        page(
            SPEND,
            show,
            "What was used and what it cost, by day, workspace, route and model",
            action=_READ,
            resource="Ledger",
            title="spend.title",
            query=SpendQuery,
            nav=Nav(Group.COSTS, "spend.title", "cost"),
        ),
    ]
