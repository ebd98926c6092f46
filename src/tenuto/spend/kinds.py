"""``Budget`` and ``Price`` as declared things."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from tenuto.core.errors import TenutoError
from tenuto.core.money import ZERO, Money
from tenuto.core.words import Event
from tenuto.govern.resources.words import Declared, Kind, Level
from tenuto.govern.use_case import Case
from tenuto.spend.errors import BUDGET_INVALID, PRICE_INVALID
from tenuto.spend.tables import budget, price
from tenuto.spend.words import Period


class BudgetSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A limit on model calls in this workspace, in the organisation's currency.

    A ``hard`` budget refuses the call that might pass it; a soft one only tells. ``thresholds`` are
    percentages, each reported once per period. ``key``, ``actor`` and ``route`` narrow the budget to what
    carries that id.
    """

    amount: str
    period: Period = Period.MONTH
    hard: bool = True
    thresholds: tuple[int, ...] = (50, 80, 100)
    key: str | None = None
    actor: str | None = None
    route: str | None = None


class PriceSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model costs per million tokens from a moment on. ``model: "*"`` is for all of a provider's.

    It holds for calls that begin after it was declared: no call under way is priced anew.
    """

    provider: str
    model: str
    input: str
    output: str
    cached_input: str | None = None
    valid_from: datetime = datetime(1970, 1, 1, tzinfo=UTC)


def _admit_budget(
    case: Case, new: Declared[BudgetSpec], _old: Declared[BudgetSpec] | None
) -> Sequence[Event]:
    spec = new.spec
    amount = _amount("amount", spec.amount)
    if amount < ZERO:
        raise TenutoError(BUDGET_INVALID, f"{new.name}: amount is negative", field="amount")
    if any(not 1 <= percent <= 1000 for percent in spec.thresholds):
        raise TenutoError(BUDGET_INVALID, f"{new.name}: a threshold is a percentage from 1 to 1000")
    row = {
        "name": new.name,
        "amount": amount.decimal(),
        "period": spec.period.value,
        "hard": spec.hard,
        "thresholds": sorted(set(spec.thresholds)),
        "key_id": spec.key,
        "actor_id": spec.actor,
        "route": spec.route,
    }
    keyed = {"id": new.id, "workspace_id": new.workspace} | row
    case.tx.execute(upsert(budget).values(keyed).on_conflict_do_update(index_elements=["id"], set_=row))
    return []


def _amount(field: str, text: str) -> Money:
    try:
        return Money.of(text)
    except TenutoError as error:
        raise TenutoError(error.fault, f"{field}: {error.detail}", field=field) from None


def _remove_budget(case: Case, old: Declared[Any]) -> Sequence[Event]:
    case.tx.execute(sa.delete(budget).where(budget.c.id == old.id))
    return []


def _admit_price(case: Case, new: Declared[PriceSpec], _old: Declared[PriceSpec] | None) -> Sequence[Event]:
    """Keep every version: what a call cost is decided by the price that was in force when it was made."""
    spec = new.spec
    given = {"input": spec.input, "output": spec.output, "cached_input": spec.cached_input or "0"}
    amounts = [_amount(field, text) for field, text in given.items()]
    if any(amount < ZERO for amount in amounts):
        raise TenutoError(PRICE_INVALID, f"{new.name}: an amount is negative")
    moment = spec.valid_from if spec.valid_from.tzinfo else spec.valid_from.replace(tzinfo=UTC)
    case.tx.execute(
        sa.insert(price),
        {
            "resource_id": new.id,
            "version": new.version,
            "provider": spec.provider,
            "model": spec.model,
            "input": amounts[0].decimal(),
            "output": amounts[1].decimal(),
            "cached_input": amounts[2].decimal() if spec.cached_input is not None else None,
            "valid_from": moment,
        },
    )
    return []


def _remove_price(case: Case, old: Declared[Any]) -> Sequence[Event]:
    case.tx.execute(sa.delete(price).where(price.c.resource_id == old.id))
    return []


BUDGET = Kind(
    name="Budget",
    level=Level.WORKSPACE,
    spec=BudgetSpec,
    summary="A limit on what model calls may cost in a period.",
    admit=_admit_budget,
    remove=_remove_budget,
)
PRICE = Kind(
    name="Price",
    level=Level.ORGANISATION,
    spec=PriceSpec,
    summary="What a provider's model costs per million tokens.",
    admit=_admit_price,
    remove=_remove_price,
)
