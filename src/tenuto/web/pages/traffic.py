"""Model calls as the ledger has them: the newest first and live, one of them whole, and the budgets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tenuto.core.decoding import convert
from tenuto.core.money import Money
from tenuto.core.words import Scope
from tenuto.gateway.declared.kinds import RouteSpec
from tenuto.govern.resources import use_cases as resources
from tenuto.spend import use_cases as spend
from tenuto.spend.use_cases import LedgerFilter
from tenuto.spend.words import LedgerRow
from tenuto.web.api.scopes import services_of
from tenuto.web.pages.declaring import FOLLOWS, page
from tenuto.web.pages.names import names_of
from tenuto.web.pages.place import allowed, standing, working_scope
from tenuto.web.registry.paging import Page, PageQuery, page_of
from tenuto.web.registry.words import Group, Nav, Route
from tenuto.web.words import Call, Live, LiveEvent, Tick, View

_READ = "spend:ledger:read"
_LIST = "traffic/list.html"


class TrafficQuery(PageQuery, frozen=True, kw_only=True):
    route: str = ""
    actor: str = ""
    request_id: str = ""

    @property
    def filters(self) -> dict[str, str]:
        given = {"route": self.route, "actor": self.actor, "request_id": self.request_id}
        return {name: value for name, value in given.items() if value}


def show(call: Call, _body: None, query: TrafficQuery) -> View:
    desk, scope = services_of(call).desk, working_scope(call)
    names, routes = names_of(call), _routes(call, scope)
    values = {
        **_rows(call, scope, query),
        "budgets": spend.budgets(desk, scope),
        "totals": spend.totals(desk, scope),
        "query": query,
        "filters": urlencode(query.filters),
        "routes": [(name, name) for name in sorted(routes)],
        "actors": sorted(names.items(), key=lambda pair: pair[1]),
    }
    return View(_LIST, values, title="traffic.title")


def follow(call: Call, _body: None, query: TrafficQuery) -> Live:
    """Show the newest page again whenever a call was added to it."""
    scope = working_scope(call)

    def read(cursor: str) -> Tick:
        values = _rows(call, scope, query)
        items = values["rows"].items
        newest = items[0].request_id if items else "none"
        if newest == cursor:
            return Tick(cursor)
        return Tick(newest, (LiveEvent(View(_LIST, values, fragment="rows")),))

    return Live(read)


def one(call: Call, _body: None, _query: None) -> View:
    desk, scope = services_of(call).desk, working_scope(call)
    row = spend.one_call(desk, scope, request_id=call.path["request"])
    values = {
        "row": row,
        "cost": money_of(row),
        "names": names_of(call),
        "route": _routes(call, scope).get(row.route),
        "currency": standing(call).currency,
        "may_audit": allowed(call, scope, "govern:audit:read", "AuditLog"),
    }
    return View("traffic/one.html", values, title="traffic.one.title")


def money_of(row: LedgerRow) -> Money | None:
    return None if row.cost is None else Money.of(row.cost)


def _rows(call: Call, scope: Scope, query: TrafficQuery) -> dict[str, Any]:
    last = query.key(str, str)
    wanted = LedgerFilter(
        actor=query.actor,
        route=query.route,
        request_id=query.request_id,
        before=(datetime.fromisoformat(str(last[0])), str(last[1])) if last else None,
        limit=query.limit + 1,
    )
    found = spend.ledger(services_of(call).desk, scope, wanted=wanted)
    rows: Page[LedgerRow] = page_of(found, query.limit, lambda row: (row.at.isoformat(), row.request_id))
    cost: Callable[[LedgerRow], Money | None] = money_of
    return {"rows": rows, "names": names_of(call), "currency": standing(call).currency, "cost_of": cost}


def _routes(call: Call, scope: Scope) -> dict[str, RouteSpec]:
    services = services_of(call)
    if not allowed(call, scope, "govern:resource:read", "Resource", "Route"):
        return {}
    found = resources.listing(services.desk, scope, kinds=services.kinds, kind="Route")
    return {stored.name: convert(stored.spec, RouteSpec) for stored in found}


def routes() -> list[Route]:
    return [
        page(
            "/traffic",
            show,
            "Model calls, newest first",
            action=_READ,
            resource="Ledger",
            title="traffic.title",
            query=TrafficQuery,
            nav=Nav(Group.OBSERVE, "traffic.title", "traffic"),
        ),
        page(
            "/traffic/live",
            follow,
            "Model calls as they end",
            action=_READ,
            resource="Ledger",
            audit=FOLLOWS,
            title="traffic.title",
            query=TrafficQuery,
        ),
        page(
            "/traffic/{request}",
            one,
            "One model call",
            action=_READ,
            resource="Ledger",
            title="traffic.one.title",
        ),
    ]
