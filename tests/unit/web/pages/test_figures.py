"""What is drawn of spend: every day in its place, few colours, and nothing lost among the small."""

from __future__ import annotations

from datetime import date, timedelta

from tenuto.core.money import Money
from tenuto.spend.words import DaySpent
from tenuto.web.pages.spend.figures import MOST_SERIES, By, chart, summed, sums

TODAY = date(2026, 11, 22)


def _spent(route: str, cost: str, *, ago: int = 0, unpriced: int = 0, model: str = "m") -> DaySpent:
    return DaySpent(
        day=TODAY - timedelta(days=ago),
        route=route,
        provider="p",
        model=model,
        calls=2,
        unpriced=unpriced,
        input_tokens=10,
        output_tokens=5,
        cost=Money.of(cost),
    )


def test_days_without_calls_have_their_place() -> None:
    drawn = chart([_spent("a", "1", ago=2), _spent("a", "3")], By.ROUTE, 4, TODAY)
    assert [day.day for day in drawn.days] == [19, 20, 21, 22]
    assert [str(one) for one in drawn.series[0].amounts] == ["0.00", "1.00", "0.00", "3.00"]
    assert drawn.highest == Money.of("3").picos


def test_what_is_small_goes_together_and_is_not_lost() -> None:
    spent = [_spent(name, str(cost)) for name, cost in zip("abcdef", (6, 5, 4, 3, 2, 1), strict=True)]
    drawn = chart(spent, By.ROUTE, 1, TODAY)
    assert [one.name for one in drawn.series] == ["a", "b", "c", ""]
    assert len(drawn.series) == MOST_SERIES
    assert str(drawn.series[-1].amounts[0]) == "6.00"
    assert drawn.highest == Money.of("21").picos


def test_as_many_as_there_are_colours_keep_their_names() -> None:
    drawn = chart([_spent(name, "1") for name in "abcd"], By.ROUTE, 1, TODAY)
    assert [one.name for one in drawn.series] == ["a", "b", "c", "d"]


def test_nothing_spent_can_be_divided_by() -> None:
    assert chart([], By.ROUTE, 7, TODAY).highest == 1
    assert chart([_spent("a", "0", unpriced=2)], By.ROUTE, 7, TODAY).highest == 1


def test_sums_are_by_route_model_or_provider_the_dearest_first() -> None:
    spent = [
        _spent("a", "1", model="x"),
        _spent("b", "5", model="x", unpriced=1),
        _spent("a", "2", model="y"),
    ]
    assert [(one.name, str(one.cost), one.calls) for one in sums(spent, By.ROUTE)] == [
        ("b", "5.00", 2),
        ("a", "3.00", 4),
    ]
    assert [one.name for one in sums(spent, By.MODEL)] == ["p/x", "p/y"]
    assert [one.name for one in sums(spent, By.PROVIDER)] == ["p"]
    total = summed("all", spent)
    assert (str(total.cost), total.calls, total.unpriced, total.input_tokens) == ("8.00", 6, 1, 30)
