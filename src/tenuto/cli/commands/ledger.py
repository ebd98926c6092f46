"""What was used and what it cost: ``tenuto ledger``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from cyclopts import Parameter

from tenuto.cli.groups import group
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import Line, short_time, show, table
from tenuto.cli.session import platform
from tenuto.cli.telling import names_of
from tenuto.client.words import BudgetState, Items, LedgerRow, Page, Spent

app = group(
    "ledger",
    "See model calls, tokens, cost and budgets.",
    "tenuto ledger list --workspace lab",
    "tenuto ledger budgets --workspace lab",
)

Filter = Annotated[str | None, Parameter(show_default=False)]
_MOST_AT_ONCE = 200


@app.command(name="list")
def list_calls(
    *,
    route: Filter = None,
    actor: Filter = None,
    request: Filter = None,
    limit: int = 50,
    options: Platform = ANY_PLATFORM,
) -> None:
    """List model calls with their tokens and cost, newest first. A call without a known price is `unpriced`.

    For example:

        tenuto ledger list --workspace lab
        tenuto ledger list --route chat --limit 500 --json --workspace lab

    Args:
        route: Only calls of this route.
        actor: Only calls of this actor, by id.
        request: Only the call with this request id.
        limit: How many at most.
    """
    found: list[LedgerRow] = []
    after: str | None = None
    with platform(options) as client:
        while len(found) < limit:
            most = min(limit - len(found), _MOST_AT_ONCE)
            page = client.spend.ledger(route=route, actor=actor, request_id=request, limit=most, after=after)
            found += page.items
            after = page.next
            if after is None:
                break
        show(Page(found, after), lambda told: _calls(told.items, names_of(client)), as_json=options.json)


@app.command
def totals(*, options: Platform = ANY_PLATFORM) -> None:
    """Sum up tokens and cost by route and provider. Unpriced calls are counted apart, never as free.

    For example:

        tenuto ledger totals --workspace lab
    """
    with platform(options) as client:
        found = client.spend.totals()
    show(Items(found), lambda told: _totals(told.items), as_json=options.json)


@app.command
def budgets(*, options: Platform = ANY_PLATFORM) -> None:
    """List the budgets and how far each is used up in its period.

    For example:

        tenuto ledger budgets --workspace lab
    """
    with platform(options) as client:
        found = client.spend.budgets()
    show(Items(found), lambda told: _budgets(told.items), as_json=options.json)


def _calls(found: Sequence[LedgerRow], names: Mapping[str, str]) -> list[Line]:
    rows = [
        (
            short_time(one.at),
            one.route,
            f"{one.provider}/{one.model}",
            one.status,
            one.input_tokens,
            one.output_tokens,
            "unpriced" if one.cost is None else one.cost,
            names.get(one.actor_id, one.actor_id),
        )
        for one in found
    ]
    headers = ["TIME", "ROUTE", "ANSWERED BY", "STATUS", "IN", "OUT", "COST", "FOR"]
    return table(headers, rows, empty="no calls")


def _totals(found: Sequence[Spent]) -> list[Line]:
    rows = [
        (one.route, one.provider, one.calls, one.unpriced, one.input_tokens, one.output_tokens, one.cost)
        for one in found
    ]
    return table(["ROUTE", "PROVIDER", "CALLS", "UNPRICED", "IN", "OUT", "COST"], rows, empty="no calls")


def _budgets(found: Sequence[BudgetState]) -> list[Line]:
    rows = [
        (
            one.name,
            one.period,
            one.amount,
            one.spent,
            one.reserved,
            "hard" if one.hard else "soft",
            ", ".join(f"{percent} %" for percent in one.reached),
        )
        for one in found
    ]
    headers = ["NAME", "PERIOD", "AMOUNT", "SPENT", "RESERVED", "KIND", "REACHED"]
    return table(headers, rows, empty="no budgets")
