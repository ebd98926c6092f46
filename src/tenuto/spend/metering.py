"""Reserve before a call, settle after it, exactly once each.

Permission for the call was decided with the gateway's snapshot; what is written here is its money, its ledger
row and its audit record, in one transaction. Settling twice changes nothing; settling a call that was given up
replaces its estimate by what was used. A call costs what was declared when it was reserved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.money import ZERO, Money
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
    Quote,
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
        unpriced = [one for one, price in zip(intent.candidates, prices, strict=True) if price is None]
        refused = rules.refusal(states, amount, unpriced=unpriced)
        quote = Quote(amount, tuple(one for one in prices if one is not None))
        if refused is None and queries.insert_reservation(tx, intent, quote, states):
            queries.hold(tx, states, amount)
    return refused or Reservation(intent.request_id, amount)


def settle(desk: Desk, scope: Scope, outcome: Outcome, verdict: Verdict) -> Settled | None:
    """Book what the call used, also when it was given up meanwhile. Returns None if it was settled before."""
    with desk.database.begin(scope) as tx:
        held = queries.close_reservation(tx, outcome.request_id)
        if held is not None:
            return _book(desk, tx, _Booking(held, Money.of(held.amount)), outcome, verdict)
        given_up = queries.correct_reservation(tx, outcome.request_id)
        if given_up is not None:
            booked = queries.booked(tx, outcome.request_id)
            return _book(desk, tx, _Booking(given_up, ZERO, booked, 2), outcome, verdict)
        if not queries.reservation_exists(tx, outcome.request_id):
            raise TenutoError(NOT_RESERVED, outcome.request_id)
        return None


def reclaim(desk: Desk) -> int:
    """Settle calls whose gateway has not done so in time. Returns how many.

    What the provider counted is not known then: the reserved input is booked, marked as estimated. A gateway that
    settles later, because its call lasted or its spool waited, corrects it.
    """
    scope = Scope(system_actor("reclaim-reservations"))
    with desk.database.begin(scope, Role.SYSTEM) as tx:
        late = queries.overdue(tx)
    for row in late:
        _give_up(desk, msgspec.structs.replace(scope, workspace=row.workspace_id), row)
    return len(late)


class _Booking(msgspec.Struct, frozen=True):
    """``reservation`` is its row; ``held`` what budgets hold for it, ``booked`` what they count already."""

    reservation: Any
    held: Money
    booked: Money = ZERO
    revision: int = 1


def _give_up(desk: Desk, scope: Scope, row: Any) -> None:
    outcome = Outcome(
        request_id=row.request_id,
        provider=row.provider,
        model=row.model,
        status="failed",
        tokens=Tokens(input=row.input_tokens),
        usage_source=UsageSource.ESTIMATED,
        error="the gateway did not say in time how the call ended",
    )
    verdict = Verdict.system("settled on behalf of a gateway that was silent")
    with desk.database.begin(scope) as tx:
        held = queries.close_reservation(tx, row.request_id, reclaimed=True)
        if held is not None:
            _book(desk, tx, _Booking(held, Money.of(held.amount)), outcome, verdict)


def _book(desk: Desk, tx: Transaction, booking: _Booking, outcome: Outcome, verdict: Verdict) -> Settled:
    held = booking.reservation
    price = queries.price_held(held, outcome.provider, outcome.model)
    cost = rules.cost_of(outcome.tokens, price)
    settled = Settled(outcome.request_id, cost, price.source if price else UNPRICED)
    states = queries.held_states(tx, held)
    more = (cost or ZERO) - booking.booked
    queries.release(tx, states, booking.held, more)
    queries.insert_usage(tx, held, outcome, settled, booking.revision)
    outbox.put(tx, desk.ids, _alerts(tx, states, more))
    entry = Entry(CALL, Ref("Route", held.route, held.route, held.workspace_id), verdict, outcome.status)
    detail = {"key": held.key_id, "cost": str(cost) if cost else settled.price_source} | _told(outcome)
    if booking.revision > 1:
        detail["corrects"] = "an estimate"
    write_entries(tx, desk.clock, desk.ids, [msgspec.structs.replace(entry, detail=detail)])
    return settled


def _alerts(tx: Transaction, states: Sequence[PeriodState], more: Money) -> list[Event]:
    """Mark the thresholds that this call crossed, each once per period, and return their events."""
    events = []
    for state in states:
        spent = state.spent + more
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
