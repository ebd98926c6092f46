"""From what each day came to, to what is drawn and listed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from enum import Enum

import msgspec

from tenuto.core.money import Money
from tenuto.spend.words import DaySpent

MOST_SERIES = 4
"""How many colours a chart has; what is small goes together into the last one."""


class By(Enum):
    ROUTE = "route"
    MODEL = "model"
    PROVIDER = "provider"


_NAMES: dict[By, Callable[[DaySpent], str]] = {
    By.ROUTE: lambda one: one.route,
    By.MODEL: lambda one: f"{one.provider}/{one.model}",
    By.PROVIDER: lambda one: one.provider,
}


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """What one route, model or workspace came to."""

    name: str
    calls: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Money = Money(0)

    def plus(self, one: DaySpent) -> Sum:
        return Sum(
            name=self.name,
            calls=self.calls + one.calls,
            unpriced=self.unpriced + one.unpriced,
            input_tokens=self.input_tokens + one.input_tokens,
            output_tokens=self.output_tokens + one.output_tokens,
            cost=self.cost + one.cost,
        )


class Series(msgspec.Struct, frozen=True):
    """One colour of the chart: an amount for each day. Without a name it holds all that is small."""

    name: str
    amounts: tuple[Money, ...]


class Chart(msgspec.Struct, frozen=True):
    days: tuple[date, ...]
    series: tuple[Series, ...]

    @property
    def highest(self) -> int:
        """The largest day, in 10^-12 units; 1 where nothing was spent, to divide by."""
        totals = (sum(one.amounts[index].picos for one in self.series) for index in range(len(self.days)))
        return max(totals, default=0) or 1


def summed(name: str, spent: Iterable[DaySpent]) -> Sum:
    total = Sum(name=name)
    for one in spent:
        total = total.plus(one)
    return total


def sums(spent: Sequence[DaySpent], by: By) -> list[Sum]:
    """Return the sums by name, the dearest first."""
    found: dict[str, Sum] = {}
    for one in spent:
        name = _NAMES[by](one)
        found[name] = found.get(name, Sum(name=name)).plus(one)
    return sorted(found.values(), key=lambda each: (-each.cost.picos, -each.calls, each.name))


def chart(spent: Sequence[DaySpent], by: By, days: int, today: date) -> Chart:
    """Return the amounts of each of the last ``days`` days, those without calls included."""
    shown = [today - timedelta(days=days - 1 - number) for number in range(days)]
    ranked = [each.name for each in sums(spent, by)]
    own = ranked if len(ranked) <= MOST_SERIES else ranked[: MOST_SERIES - 1]
    amounts: dict[str, dict[date, Money]] = defaultdict(dict)
    for one in spent:
        name = _NAMES[by](one)
        series = amounts[name if name in own else ""]
        series[one.day] = series.get(one.day, Money(0)) + one.cost
    names = [*own, *([""] if len(ranked) > len(own) else [])]
    return Chart(
        tuple(shown),
        tuple(Series(name, tuple(amounts[name].get(day, Money(0)) for day in shown)) for name in names),
    )
