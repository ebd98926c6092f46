"""What was used and what it cost."""

from __future__ import annotations

from tenuto.client.api.calls import Calls, Request
from tenuto.client.words import BudgetState, DaySpent, Items, LedgerRow, Page, Spent


class Spend:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def ledger(
        self,
        *,
        actor: str | None = None,
        route: str | None = None,
        request_id: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[LedgerRow]:
        """Return model calls with tokens and cost, newest first. ``actor`` is an id."""
        query: dict[str, str | int | None] = {
            "actor": actor,
            "route": route,
            "request_id": request_id,
            "limit": limit,
            "after": after,
        }
        return self._calls.send(Request("GET", "/api/v1/ledger", query=query), Page[LedgerRow])

    def budgets(self) -> list[BudgetState]:
        """Return each budget and how far it is used up."""
        return self._calls.send(Request("GET", "/api/v1/budgets"), Items[BudgetState]).items

    def totals(self) -> list[Spent]:
        """Return tokens and cost by route and provider."""
        return self._calls.send(Request("GET", "/api/v1/spend"), Items[Spent]).items

    def days(self, *, days: int = 30) -> list[DaySpent]:
        """Return tokens and cost of the last days, by day, route, provider and model."""
        query: dict[str, str | int | None] = {"days": days}
        return self._calls.send(Request("GET", "/api/v1/spend/days", query=query), Items[DaySpent]).items
