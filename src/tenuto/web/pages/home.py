"""Home: is anything wrong, and what waits for me. Until the first call has come, the guide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from tenuto.core.words import Scope
from tenuto.govern.approvals.words import Approval
from tenuto.govern.audit import use_cases as audit
from tenuto.govern.audit.use_cases import LogState
from tenuto.pipelines import use_cases as runs
from tenuto.pipelines.records import RunRecord
from tenuto.registry import use_cases as registry
from tenuto.spend import use_cases as spend
from tenuto.spend.use_cases import LedgerFilter
from tenuto.spend.words import Interval, PeriodState
from tenuto.web.api.scopes import organisation_scope, services_of
from tenuto.web.pages.declaring import page
from tenuto.web.pages.place import Standing, allowed, scope_in, standing
from tenuto.web.pages.start.pages import guide
from tenuto.web.pages.start.progress import may_set_up
from tenuto.web.ports import PartState
from tenuto.web.registry.words import Group, Nav, Route
from tenuto.web.words import Call, Redirect, View

_SHOWN = 5
T = TypeVar("T")


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader may see of each matter; None where they may not."""

    health: Sequence[PartState]
    today: Interval | None
    budgets: Sequence[PeriodState] | None
    waiting: Sequence[Approval] | None
    runs: Sequence[RunRecord] | None
    log: LogState | None

    @property
    def unpriced_under_budget(self) -> int:
        """Calls without a price do not count against any budget: somebody has to know."""
        return self.today.unpriced if self.today and self.budgets else 0


def show(call: Call, _body: None, _query: None) -> View | Redirect:
    stands = standing(call)
    if may_set_up(call) and not _begun(call, stands):
        return guide(call)
    if stands.here is None:
        return View("home/nowhere.html", title="home.title")
    values: dict[str, Any] = {"cards": _cards(call, stands), "currency": stands.currency}
    return View("home/home.html", values, title="home.title")


def _begun(call: Call, stands: Standing) -> bool:
    """Tell whether a call came through anywhere. The workspace one stands in is asked first."""
    desk = services_of(call).desk
    places = sorted(stands.places, key=lambda place: place != stands.here)
    return any(spend.ledger(desk, scope_in(call, place), wanted=LedgerFilter(limit=1)) for place in places)


def _cards(call: Call, stands: Standing) -> Cards:
    assert stands.here is not None
    services, scope = services_of(call), scope_in(call, stands.here)
    desk = services.desk

    def seen(where: Scope, action: str, kind: str, read: Callable[[], T]) -> T | None:
        return read() if allowed(call, where, action, kind) else None

    ledger, everywhere = "spend:ledger:read", organisation_scope(call)
    return Cards(
        health=services.health(),
        today=seen(scope, ledger, "Ledger", lambda: spend.today(desk, scope)),
        budgets=seen(scope, ledger, "Ledger", lambda: spend.budgets(desk, scope)),
        waiting=seen(scope, "registry:approval:read", "Approval", lambda: registry.pending(desk, scope)),
        runs=seen(scope, "pipelines:run:read", "Run", lambda: runs.runs(desk, scope)[:_SHOWN]),
        log=seen(
            everywhere,
            "govern:audit:read",
            "AuditLog",
            lambda: audit.state(desk, everywhere, witness=services.witness),
        ),
    )


def routes() -> list[Route]:
    return [
        page(
            "/",
            show,
            "Home",
            action="govern:organisation:read",
            resource="Organisation",
            title="home.title",
            nav=Nav(Group.HOME, "home.title", "home"),
        ),
    ]
