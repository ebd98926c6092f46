"""Step 4, second half: a budget that stops, and books that are exact."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tenuto.cli.demo.calling import Answer, Heard, answers, call, heard
from tenuto.cli.demo.data_steps import declared
from tenuto.cli.demo.setting_up import INPUT_PRICE, OUTPUT_PRICE, ROUTE
from tenuto.cli.demo.settling import booked_rows, denials_of, until, whole_ledger
from tenuto.cli.demo.stage import WORKSPACE, Stage
from tenuto.cli.demo.words import DemoFailedError, Proof, require, require_equal
from tenuto.client.words import AuditEntry, BudgetState, LedgerRow, Spent

BUDGET = "pocket-money"
_ALLOWANCE = Decimal("0.13")
_ANSWER_CAP = 200  # tokens, asked for in each call
_MOST_CALLS = 50
_MILLION = Decimal(1_000_000)
# What one more call may cost at most: its cap, and a prompt of generously counted tokens.
_LARGEST_CALL = (_ANSWER_CAP * OUTPUT_PRICE + 50 * INPUT_PRICE) / _MILLION


class Stopped(msgspec.Struct, frozen=True):
    """The calls that a budget let through, and the refusal of the one after."""

    amount: str
    made: list[Answer]
    request: str
    status: int
    reason: str
    heard_before: int


class SeenStop(msgspec.Struct, frozen=True):
    """``received`` is None with a real provider: nobody here can read its log."""

    budgets: list[BudgetState]
    booked: list[LedgerRow]
    denials: list[AuditEntry]
    received: list[Heard] | None


class Count(msgspec.Struct, frozen=True, order=True):
    """The tokens of one call."""

    provider: str
    input_tokens: int
    output_tokens: int


class Counted(msgspec.Struct, frozen=True):
    """Every call of the demo, as whoever answered it counted."""

    calls: list[Count]


class SeenBooks(msgspec.Struct, frozen=True):
    rows: list[LedgerRow]
    totals: list[Spent]


def stop_at_budget(stage: Stage) -> Stopped:
    """Declare a small budget and call until it refuses."""
    import openai

    before = len(stage.second.heard())
    amount = str(_spent_already(stage) + _ALLOWANCE)
    spec = {"amount": amount, "period": "day", "hard": True}
    document = {"kind": "Budget", "name": BUDGET, "workspace": WORKSPACE, "spec": spec}
    stage.owner.tenuto("apply", "--file", declared(stage, document), "--yes")
    made: list[Answer] = []
    while len(made) < _MOST_CALLS:
        try:
            made.append(call(stage, ROUTE, "One more.", max_tokens=_ANSWER_CAP))
        except openai.APIStatusError as error:
            request = str(error.response.headers["x-request-id"])
            return Stopped(amount, made, request, error.status_code, str(error.message), before)
    raise DemoFailedError(f"the budget of {amount} never ran out in {_MOST_CALLS} calls")


def look_at_stop(stage: Stage, work: Stopped) -> SeenStop:
    booked = booked_rows(stage, [one.request for one in work.made])
    refused = [row for row in whole_ledger(stage) if row.request_id == work.request]
    received = None if stage.provider else heard(stage, 2)[work.heard_before :]
    budgets = stage.approver.client.spend.budgets()
    return SeenStop(budgets, booked + refused, denials_of(stage, work.request), received)


def judge_stop(work: Stopped, seen: SeenStop) -> Proof:
    require_equal(work.status, 402, "status of the refused call")
    require(BUDGET in work.reason, f"the reason names no budget: {work.reason}")
    require(work.made, "the budget let no call through")
    found = [one for one in seen.budgets if one.name == BUDGET]
    require(len(found) == 1, f"{len(found)} budgets of that name are known, not one")
    [state] = found
    require(state.hard, "the budget only warns")
    require_equal(Decimal(state.amount), Decimal(work.amount), "amount of the budget")
    left = Decimal(state.amount) - Decimal(state.spent) - Decimal(state.reserved)
    require(0 <= left < _LARGEST_CALL, f"{left} is left: the budget was passed, or it refused too early")
    completed = sorted(row.request_id for row in seen.booked if row.status == "completed")
    require_equal(completed, sorted(one.request for one in work.made), "calls that the ledger has")
    if seen.received is not None:
        require_equal(len(seen.received), len(work.made), "calls that the upstream received meanwhile")
    outcomes = {(one.record.request_id, one.record.outcome) for one in seen.denials}
    require_equal(outcomes, {(work.request, "refused")}, "the refusal in the audit log")
    return Proof(work.request, {"calls_before": len(work.made), "reason": work.reason})


def count(stage: Stage) -> Counted:
    """Add up what the upstreams counted, each in its own log. A real provider's count is what it told the SDK."""
    calls = [
        Count(f"simulator-{number}", one.input_tokens, one.output_tokens)
        for number in (1, 2)
        for one in heard(stage, number)
    ]
    if stage.provider is not None:
        calls += [
            Count(one.provider, one.input_tokens, one.output_tokens)
            for one in answers(stage)
            if one.provider == stage.provider.name
        ]
    return Counted(sorted(calls))


def look_at_books(stage: Stage, work: Counted) -> SeenBooks:
    """Read each row with one client and the sums with another."""
    rows = until(stage, lambda: whole_ledger(stage), lambda found: len(_completed(found)) >= len(work.calls))
    totals = stage.owner.tenuto("ledger", "totals")["items"]
    return SeenBooks(rows, msgspec.convert(totals, list[Spent]))


def judge_books(work: Counted, seen: SeenBooks) -> Proof:
    rows = _completed(seen.rows)
    booked = sorted(Count(row.provider, row.input_tokens, row.output_tokens) for row in rows)
    require(booked, "the ledger is empty")
    require_equal(booked, work.calls, "calls in the ledger, against what the upstreams counted")
    wrong = [row.request_id for row in rows if row.cost is None or Decimal(row.cost) != _cost(row)]
    require_equal(wrong, [], "calls whose cost is not tokens times price")
    sums = {
        "calls": (sum(one.calls for one in seen.totals), len(rows)),
        "input_tokens": (sum(one.input_tokens for one in seen.totals), sum(row.input_tokens for row in rows)),
        "output_tokens": (
            sum(one.output_tokens for one in seen.totals),
            sum(row.output_tokens for row in rows),
        ),
        "cost": (sum(Decimal(one.cost) for one in seen.totals), sum(map(_cost, rows))),
    }
    for name, (total, wanted) in sums.items():
        require_equal(total, wanted, f"sum of {name}, against the rows")
    facts = {name: wanted if isinstance(wanted, int) else str(wanted) for name, (_, wanted) in sums.items()}
    tokens = [row.input_tokens + row.output_tokens for row in rows]
    return Proof(rows[-1].request_id, facts | {"tokens_by_call": tokens})


def _completed(rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    return [row for row in rows if row.status == "completed"]


def _cost(row: LedgerRow) -> Decimal:
    return (row.input_tokens * INPUT_PRICE + row.output_tokens * OUTPUT_PRICE) / _MILLION


def _spent_already(stage: Stage) -> Decimal:
    known = stage.owner.tenuto("ledger", "budgets")["items"]
    return sum((Decimal(one["spent"]) for one in known if one["name"] == BUDGET), Decimal(0))
