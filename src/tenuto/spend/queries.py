"""Reading and moving money. Rows of budgets are locked in one order, so that calls never wait in a circle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from tenuto.core.money import ZERO, Money
from tenuto.spend.rules import period_start
from tenuto.spend.tables import budget, budget_period, price, reservation, usage_record
from tenuto.spend.words import (
    Budget,
    DaySpent,
    Intent,
    Interval,
    LedgerRow,
    Outcome,
    Period,
    PeriodState,
    Price,
    Quote,
    Settled,
    Spent,
    UsageSource,
)
from tenuto.store.database import Transaction
from tenuto.store.schema import Id, Timestamp

_LIFETIME_SECONDS = 900.0
_later = usage_record.alias("later")
# A call that was settled late has its estimate and its correction; only the correction counts.
_CURRENT = ~sa.exists().where(
    _later.c.request_id == usage_record.c.request_id, _later.c.revision > usage_record.c.revision
)


def price_of(tx: Transaction, provider: str, model: str, at: datetime) -> Price | None:
    """Return the price in force at ``at``: of this model, or of ``*``, the provider's price for all."""
    row = tx.first(
        sa.select(price)
        .where(price.c.provider == provider, price.c.model.in_([model, "*"]), price.c.valid_from <= at)
        .order_by((price.c.model == model).desc(), price.c.valid_from.desc(), price.c.version.desc())
        .limit(1)
    )
    if row is None:
        return None
    cached = Money.of(row.cached_input) if row.cached_input is not None else None
    return Price(
        provider,
        model,
        Money.of(row.input),
        Money.of(row.output),
        cached,
        row.valid_from,
        f"price:{row.resource_id}@{row.version}",
    )


def budgets(tx: Transaction) -> list[Budget]:
    return [_budget(row) for row in tx.rows(sa.select(budget).order_by(budget.c.id))]


def locked_states(tx: Transaction, chosen: Sequence[Budget], now: datetime) -> list[PeriodState]:
    """Return the current period of each budget, locked until the transaction ends."""
    if not chosen:
        return []
    by_id = {one.id: one for one in chosen}
    starts = {one.id: period_start(one.period, now) for one in chosen}
    rows = [
        {"budget_id": key, "starts_at": starts[key], "workspace_id": tx.scope.workspace}
        for key in sorted(by_id)
    ]
    tx.execute(upsert(budget_period).on_conflict_do_nothing(), rows)
    keys = sa.tuple_(budget_period.c.budget_id, budget_period.c.starts_at)
    query = (
        sa.select(budget_period)
        .where(keys.in_([(key, starts[key]) for key in sorted(by_id)]))
        .order_by(budget_period.c.budget_id)
        .with_for_update()
    )
    return [_state(row, by_id[row.budget_id]) for row in tx.rows(query)]


def states(tx: Transaction, now: datetime) -> list[PeriodState]:
    """Return every budget with its current period, without locking; one not yet used counts as empty."""
    known = {(row.budget_id, row.starts_at): row for row in tx.rows(sa.select(budget_period))}
    shown = []
    for one in budgets(tx):
        start = period_start(one.period, now)
        row = known.get((one.id, start))
        shown.append(_state(row, one) if row else PeriodState(one, start, Money(0), Money(0)))
    return shown


def hold(tx: Transaction, states_: Sequence[PeriodState], amount: Money) -> None:
    for state in states_:
        _move(tx, state.budget.id, state.starts_at, reserved=amount)


def _move(
    tx: Transaction, budget_id: str, starts_at: datetime, *, reserved: Money, spent: Money | None = None
) -> None:
    row = budget_period.c
    tx.execute(
        sa.update(budget_period)
        .where(row.budget_id == budget_id, row.starts_at == starts_at)
        .values(
            reserved=row.reserved + reserved.decimal(),
            spent=row.spent + (spent.decimal() if spent else 0),
        )
    )


def insert_reservation(tx: Transaction, intent: Intent, quote: Quote, held: Sequence[PeriodState]) -> bool:
    """Write the reservation. Returns False if the request was reserved before: nothing is reserved twice."""
    fresh = tx.scalar(
        upsert(reservation)
        .values(
            request_id=intent.request_id,
            workspace_id=intent.workspace,
            amount=quote.amount.decimal(),
            prices=[_kept_price(one) for one in quote.prices],
            budgets=[state.budget.id for state in held],
            starts=[state.starts_at for state in held],
            route=intent.route,
            actor_id=intent.actor_id,
            key_id=intent.key_id,
            provider=intent.candidates[0].provider,
            model=intent.candidates[0].model,
            input_tokens=intent.input_tokens,
            expires_at=sa.func.tenuto_now() + sa.func.make_interval(0, 0, 0, 0, 0, 0, _LIFETIME_SECONDS),
        )
        .on_conflict_do_nothing()
        .returning(reservation.c.request_id)
    )
    return fresh is not None


def close_reservation(tx: Transaction, request_id: str, *, reclaimed: bool = False) -> Any:
    """Mark the reservation settled and return its row, or None if it was settled before."""
    return tx.first(
        sa.update(reservation)
        .where(reservation.c.request_id == request_id, reservation.c.settled_at.is_(None))
        .values(settled_at=sa.func.tenuto_now(), reclaimed=reclaimed)
        .returning(*reservation.c)
    )


def correct_reservation(tx: Transaction, request_id: str) -> Any:
    """Take back that a reservation was reclaimed and return its row, or None if it was not."""
    return tx.first(
        sa.update(reservation)
        .where(reservation.c.request_id == request_id, reservation.c.reclaimed)
        .values(reclaimed=False)
        .returning(*reservation.c)
    )


def price_held(held: Any, provider: str, model: str) -> Price | None:
    """Return the price of a candidate that was in force when the call was reserved."""
    return next(
        (_held_price(kept) for kept in held.prices if (kept["provider"], kept["model"]) == (provider, model)),
        None,
    )


def booked(tx: Transaction, request_id: str) -> Money:
    """Return the cost that was booked for a call already; one without a price was booked as nothing."""
    cost = tx.scalar(sa.select(usage_record.c.cost).where(usage_record.c.request_id == request_id))
    return ZERO if cost is None else Money.of(cost)


def overdue(tx: Transaction, *, limit: int = 100) -> list[Any]:
    """Return reservations that nobody settled in time, oldest first."""
    table = reservation.c
    late = sa.select(reservation).where(table.settled_at.is_(None), table.expires_at < sa.func.tenuto_now())
    return tx.rows(late.order_by(table.expires_at).limit(limit))


def reservation_exists(tx: Transaction, request_id: str) -> bool:
    found = tx.scalar(sa.select(reservation.c.request_id).where(reservation.c.request_id == request_id))
    return found is not None


def release(tx: Transaction, states_: Sequence[PeriodState], held: Money, spent: Money) -> None:
    """Give what was held back and book what was spent, in every budget that held it."""
    back = Money(-held.picos)
    for state in states_:
        _move(tx, state.budget.id, state.starts_at, reserved=back, spent=spent)


def held_states(tx: Transaction, held: Any) -> list[PeriodState]:
    """Return the periods that a reservation was held in, locked; budgets deleted since are left out."""
    by_id = {one.id: one for one in budgets(tx) if one.id in held.budgets}
    pairs = [(key, start) for key, start in zip(held.budgets, held.starts, strict=True) if key in by_id]
    if not pairs:
        return []
    keys = sa.tuple_(budget_period.c.budget_id, budget_period.c.starts_at)
    query = (
        sa.select(budget_period).where(keys.in_(pairs)).order_by(budget_period.c.budget_id).with_for_update()
    )
    return [_state(row, by_id[row.budget_id]) for row in tx.rows(query)]


def mark_fired(tx: Transaction, state: PeriodState, percents: Sequence[int]) -> None:
    row = budget_period.c
    tx.execute(
        sa.update(budget_period)
        .where(row.budget_id == state.budget.id, row.starts_at == state.starts_at)
        .values(fired=[*state.fired, *percents])
    )


def insert_usage(tx: Transaction, held: Any, outcome: Outcome, settled: Settled, revision: int) -> None:
    tx.execute(
        sa.insert(usage_record),
        {
            "request_id": outcome.request_id,
            "revision": revision,
            "workspace_id": held.workspace_id,
            "actor_id": held.actor_id,
            "key_id": held.key_id,
            "route": held.route,
            "provider": outcome.provider,
            "model": outcome.model,
            "status": outcome.status,
            "error": outcome.error,
            "streamed": outcome.streamed,
            "attempts": outcome.attempts,
            "input_tokens": outcome.tokens.input,
            "cached_input_tokens": outcome.tokens.cached_input,
            "output_tokens": outcome.tokens.output,
            "reasoning_tokens": outcome.tokens.reasoning,
            "usage_source": outcome.usage_source.value,
            "cost": settled.cost.decimal() if settled.cost is not None else None,
            "price_source": settled.price_source,
            "duration_ms": outcome.duration_ms,
            "overhead_us": outcome.overhead_us,
            "client_request_id": outcome.client_request_id,
        },
    )


def _kept_price(price_: Price) -> dict[str, str | None]:
    return {
        "provider": price_.provider,
        "model": price_.model,
        "input": str(price_.input),
        "output": str(price_.output),
        "cached_input": str(price_.cached_input) if price_.cached_input is not None else None,
        "valid_from": price_.valid_from.isoformat(),
        "source": price_.source,
    }


def _held_price(kept: dict[str, Any]) -> Price:
    cached = kept["cached_input"]
    return Price(
        kept["provider"],
        kept["model"],
        Money.of(kept["input"]),
        Money.of(kept["output"]),
        Money.of(cached) if cached is not None else None,
        datetime.fromisoformat(kept["valid_from"]),
        kept["source"],
    )


def _budget(row: Any) -> Budget:
    return Budget(
        row.id,
        row.name,
        Money.of(row.amount),
        Period(row.period),
        row.hard,
        tuple(row.thresholds),
        row.key_id,
        row.actor_id,
        row.route,
    )


def _state(row: Any, of: Budget) -> PeriodState:
    return PeriodState(of, row.starts_at, Money.of(row.reserved), Money.of(row.spent), tuple(row.fired))


def ledger(
    tx: Transaction,
    *,
    actor: str,
    route: str,
    request_id: str,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[LedgerRow]:
    """Return the newest calls that match; empty fields match everything."""
    row = usage_record.c
    pairs = ((row.actor_id, actor), (row.route, route), (row.request_id, request_id))
    query = sa.select(usage_record).where(_CURRENT, *(column == value for column, value in pairs if value))
    if before is not None:
        last = sa.tuple_(sa.literal(before[0], Timestamp), sa.literal(before[1], Id))
        query = query.where(sa.tuple_(row.at, row.request_id) < last)
    newest = query.order_by(row.at.desc(), row.request_id.desc()).limit(limit)
    return [_ledger_row(found) for found in tx.rows(newest)]


def totals(tx: Transaction) -> list[Spent]:
    row = usage_record.c
    query = (
        sa.select(
            row.route,
            row.provider,
            sa.func.count().label("calls"),
            sa.func.count().filter(row.cost.is_(None)).label("unpriced"),
            sa.func.sum(row.input_tokens).label("input_tokens"),
            sa.func.sum(row.output_tokens).label("output_tokens"),
            sa.func.coalesce(sa.func.sum(row.cost), 0).label("cost"),
        )
        .where(_CURRENT)
        .group_by(row.route, row.provider)
        .order_by(row.route, row.provider)
    )
    return [
        Spent(
            route=found.route,
            provider=found.provider,
            calls=found.calls,
            unpriced=found.unpriced,
            input_tokens=int(found.input_tokens),
            output_tokens=int(found.output_tokens),
            cost=str(Money.of(found.cost)),
        )
        for found in tx.rows(query)
    ]


def by_day(tx: Transaction, since: datetime) -> list[DaySpent]:
    """Return what each day came to, by route, provider and model; days without calls are left out."""
    row = usage_record.c
    day = sa.cast(sa.func.timezone("UTC", row.at), sa.Date).label("day")
    query = (
        sa.select(
            day,
            row.route,
            row.provider,
            row.model,
            sa.func.count().label("calls"),
            sa.func.count().filter(row.cost.is_(None)).label("unpriced"),
            sa.func.sum(row.input_tokens).label("input_tokens"),
            sa.func.sum(row.output_tokens).label("output_tokens"),
            sa.func.coalesce(sa.func.sum(row.cost), 0).label("cost"),
        )
        .where(_CURRENT, row.at >= since)
        .group_by(day, row.route, row.provider, row.model)
        .order_by(day, row.route, row.provider, row.model)
    )
    return [_day_spent(found) for found in tx.rows(query)]


def spent_since(tx: Transaction, since: datetime) -> Interval:
    """Return what the calls from a moment on came to."""
    row = usage_record.c
    found = tx.first(
        sa.select(
            sa.func.count().label("calls"),
            sa.func.count().filter(row.cost.is_(None)).label("unpriced"),
            sa.func.coalesce(sa.func.sum(row.cost), 0).label("cost"),
        ).where(_CURRENT, row.at >= since)
    )
    assert found is not None  # an aggregate always has its one row
    return Interval(since, found.calls, found.unpriced, Money.of(found.cost))


def _day_spent(row: Any) -> DaySpent:
    fields: dict[str, Any] = row._asdict()
    for name in ("input_tokens", "output_tokens"):
        fields[name] = int(fields[name])
    return DaySpent(**fields | {"cost": Money.of(row.cost)})


def _ledger_row(row: Any) -> LedgerRow:
    fields: dict[str, Any] = row._asdict()
    for name in ("workspace_id", "client_request_id", "revision"):
        del fields[name]
    fields["usage_source"] = UsageSource(row.usage_source)
    fields["cost"] = None if row.cost is None else str(Money.of(row.cost))
    return LedgerRow(**fields)
