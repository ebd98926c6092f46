from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.errors import TenutoError
from tenuto.core.money import ZERO, Money, per_million

picos = st.integers(min_value=-(10**30), max_value=10**30)


@pytest.mark.parametrize(
    ("written", "shown"),
    [("0", "0.00"), ("1", "1.00"), ("0.15", "0.15"), ("0.000000000001", "0.000000000001"), ("-2.5", "-2.50")],
)
def test_amounts_are_shown_as_they_were_written(written: str, shown: str) -> None:
    assert str(Money.of(written)) == shown


@pytest.mark.parametrize("wrong", ["", "abc", "NaN", "Infinity", "0.0000000000001"])
def test_what_is_no_exact_amount_is_refused(wrong: str) -> None:
    with pytest.raises(TenutoError):
        Money.of(wrong)


@given(picos, picos)
def test_sums_are_exact(one: int, other: int) -> None:
    assert (Money(one) + Money(other)) - Money(other) == Money(one)


@given(picos)
def test_an_amount_survives_the_way_through_the_database(amount: int) -> None:
    assert Money.of(Money(amount).decimal()) == Money(amount)


def test_a_price_per_million_is_rounded_half_to_even() -> None:
    price = Money(1)  # 10^-12 per million tokens
    assert per_million(price, 500_000) == ZERO
    assert per_million(Money(3), 500_000) == Money(2)
    assert per_million(Money.of("0.15"), 1_000_000).decimal() == Decimal("0.15")
