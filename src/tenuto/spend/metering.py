"""Reserve before a call, settle after it, exactly once each.

Permission for the call was decided with the gateway's snapshot; what is written here is its money, its ledger
row and its audit record, in one transaction. Settling twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.money import ZERO
from tenuto.core.words import Event, Ref, Scope, Verdict, system_actor
from tenuto.govern.audit.writing import Entry, write_entries
from tenuto.govern.use_case import Desk
from tenuto.spend import queries, rules
from tenuto.spend.errors import NOT_RESERVED
from tenuto.spend.words import (
    UNPRICED,
    Intent,
    Outcome,
    PeriodState,
    Refusal,
    Reservation,
    Settled,
    Tokens,
    UsageSource,
)
from tenuto.store import outbox
from tenuto.store.database import Role, Transaction

CALL = "gateway:call:invoke"


def reserve(desk: Desk, scope: Scope, intent: Intent) -> Reservation | Refusal:
    """Hold the most the call may cost in every budget that covers it, or say which budget refuses.

    A refusal changes no budget. Reserving the same request again holds nothing more. Raises when the disk of
    the database has little room left: what is kept of it is for settling.
    """
    desk.database.require_room()
    with desk.database.begin(scope) as tx:
        now = desk.clock.now()
        prices = [queries.price_of(tx, one.provider, one.model, now) for one in intent.candidates]
        amount = rules.estimate(intent, prices)
        chosen = [one for one in queries.budgets(tx) if rules.applies(one, intent)]
        states = queries.locked_states(tx, chosen, now)
        refused = rules.refusal(states, amount, priced=None not in prices)
        if refused is None and queries.insert_reservation(tx, intent, amount, states):
            queries.hold(tx, states, amount)
    return refused or Reservation(intent.request_id, amount)


def settle(desk: Desk, scope: Scope, outcome: Outcome, verdict: Verdict) -> Settled | None:
    """Book what the call used. Returns None if it was settled before."""
    with desk.database.begin(scope) as tx:
        return _settle(desk, tx, outcome, verdict)


def reclaim(desk: Desk) -> int:
    """Settle calls whose gateway died before it could. Returns how many.

    What the provider counted is not known then: the reserved input is booked, marked as estimated.
    """
    scope = Scope(system_actor("reclaim-reservations"))
    with desk.database.begin(scope, Role.SYSTEM) as tx:
        late = queries.overdue(tx)
    for row in late:
        outcome = Outcome(
            request_id=row.request_id,
            provider=row.provider,
            model=row.model,
            status="failed",
            tokens=Tokens(input=row.input_tokens),
            usage_source=UsageSource.ESTIMATED,
            error="the gateway stopped before the call ended",
        )
        verdict = Verdict.system("settled on behalf of a gateway that stopped")
        settle(desk, msgspec.structs.replace(scope, workspace=row.workspace_id), outcome, verdict)
    return len(late)


def _settle(desk: Desk, tx: Transaction, outcome: Outcome, verdict: Verdict) -> Settled | None:
    held = queries.close_reservation(tx, outcome.request_id)
    if held is None:
        if not queries.reservation_exists(tx, outcome.request_id):
            raise TenutoError(NOT_RESERVED, outcome.request_id)
        return None
    price = queries.price_of(tx, outcome.provider, outcome.model, held.created_at)
    cost = rules.cost_of(outcome.tokens, price)
    settled = Settled(outcome.request_id, cost, price.source if price else UNPRICED)
    states = queries.held_states(tx, held)
    queries.release(tx, held, states, cost or ZERO)
    queries.insert_usage(tx, held, outcome, settled)
    outbox.put(tx, desk.ids, _alerts(tx, states, settled))
    entry = Entry(CALL, Ref("Route", held.route, held.route, held.workspace_id), verdict, outcome.status)
    detail = {"key": held.key_id, "cost": str(cost) if cost else settled.price_source} | _told(outcome)
    write_entries(tx, desk.clock, desk.ids, [msgspec.structs.replace(entry, detail=detail)])
    return settled


def _alerts(tx: Transaction, states: Sequence[PeriodState], settled: Settled) -> list[Event]:
    """Mark the thresholds that this call crossed, each once per period, and return their events."""
    events = []
    for state in states:
        spent = state.spent + (settled.cost or ZERO)
        percents = rules.crossed(state, spent)
        if percents:
            queries.mark_fired(tx, state, percents)
        for percent in percents:
            data = {"budget": state.budget.name, "percent": percent, "spent": str(spent)}
            events.append(Event("budget.threshold_reached", state.budget.id, data))
    return events


def _told(outcome: Outcome) -> dict[str, str | int]:
    return {
        "provider": outcome.provider,
        "model": outcome.model,
        "input_tokens": outcome.tokens.input,
        "output_tokens": outcome.tokens.output,
        "usage_source": outcome.usage_source.value,
        "attempts": outcome.attempts,
    }
