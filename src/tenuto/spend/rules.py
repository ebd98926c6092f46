"""Pure decisions about money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tenuto.core.money import ZERO, Money, per_million
from tenuto.spend.words import Budget, Candidate, Intent, Period, PeriodState, Price, Refusal, Tokens

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def period_start(period: Period, now: datetime) -> datetime:
    """Return when the current period began, in UTC."""
    if period is Period.TOTAL:
        return _EVER
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day if period is Period.DAY else day.replace(day=1)


def applies(budget: Budget, intent: Intent) -> bool:
    """Tell whether ``budget`` covers the call: every selector it has must match."""
    pairs = (
        (budget.key_id, intent.key_id),
        (budget.actor_id, intent.actor_id),
        (budget.route, intent.route),
    )
    return all(wanted is None or wanted == given for wanted, given in pairs)


def estimate(intent: Intent, prices: Sequence[Price | None]) -> Money:
    """Return the most the call may cost: estimated input and largest output, at the dearest candidate."""
    return max(
        (
            per_million(price.input, intent.input_tokens) + per_million(price.output, intent.max_output)
            for price in prices
            if price is not None
        ),
        default=ZERO,
    )


def cost_of(tokens: Tokens, price: Price | None) -> Money | None:
    """Return what the tokens cost, or None without a price. Cached input may have a price of its own."""
    if price is None:
        return None
    cached_price = price.cached_input if price.cached_input is not None else price.input
    fresh = max(tokens.input - tokens.cached_input, 0)
    return (
        per_million(price.input, fresh)
        + per_million(cached_price, tokens.cached_input)
        + per_million(price.output, tokens.output)
    )


def refusal(states: Sequence[PeriodState], amount: Money, *, unpriced: Sequence[Candidate]) -> Refusal | None:
    """Return the first hard budget that does not cover ``amount``, or None if all do.

    A hard budget covers no call that might go to one of ``unpriced``: nobody could say what it leaves.
    """
    for state in states:
        if not state.budget.hard:
            continue
        name = state.budget.name
        if unpriced:
            models = ", ".join(f"`{one.model}` of `{one.provider}`" for one in unpriced)
            return Refusal(name, f"no price is known for {models}, and budget `{name}` is a hard one")
        left = state.budget.amount - state.spent - state.reserved
        if amount > left:
            return Refusal(name, _explain(state, amount, left))
    return None


def crossed(state: PeriodState, spent: Money) -> list[int]:
    """Return the thresholds (percent) that ``spent`` reaches and that have not fired in this period."""
    return [
        percent
        for percent in sorted(state.budget.thresholds)
        if percent not in state.fired and spent.picos * 100 >= state.budget.amount.picos * percent
    ]


def _explain(state: PeriodState, amount: Money, left: Money) -> str:
    return (
        f"budget `{state.budget.name}` has {max(left, ZERO)} left of {state.budget.amount}"
        f" ({state.spent} spent, {state.reserved} reserved by calls in flight); this call may cost {amount}"
    )
