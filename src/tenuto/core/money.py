"""Exact money: whole numbers of 10^-12 of a currency unit, never floats."""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation

import msgspec

from tenuto.core.errors import INVALID_VALUE, TenutoError

PLACES = 12
# The default context would round beyond 28 digits; the database keeps 38.
_EXACT = Context(prec=100)
_MILLION = 1_000_000


class Money(msgspec.Struct, frozen=True, order=True):
    """An amount in one currency. ``picos`` counts 10^-12 units; the organisation has one currency."""

    picos: int

    @classmethod
    def of(cls, amount: str | int | Decimal) -> Money:
        """Read a decimal amount. More than twelve places are refused, not rounded."""
        try:
            scaled = _EXACT.scaleb(Decimal(amount), PLACES)
        except InvalidOperation as error:
            raise TenutoError(INVALID_VALUE, f"not an amount of money: {amount!r}") from error
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise TenutoError(INVALID_VALUE, f"money has at most {PLACES} decimal places: {amount!r}")
        return cls(int(scaled))

    def decimal(self) -> Decimal:
        return _EXACT.scaleb(Decimal(self.picos), -PLACES)

    def __add__(self, other: Money) -> Money:
        return Money(self.picos + other.picos)

    def __sub__(self, other: Money) -> Money:
        return Money(self.picos - other.picos)

    def times(self, count: int) -> Money:
        return Money(self.picos * count)

    def __str__(self) -> str:
        text = f"{self.decimal():.{PLACES}f}".rstrip("0")
        whole, _, places = text.partition(".")
        return f"{whole}.{places.ljust(2, '0')}"


ZERO = Money(0)


def per_million(price: Money, tokens: int) -> Money:
    """Return the cost of ``tokens`` at ``price`` per million tokens, rounded half to even at 10^-12."""
    whole, rest = divmod(price.picos * tokens, _MILLION)
    up = 2 * rest > _MILLION or (2 * rest == _MILLION and whole % 2 == 1)
    return Money(whole + up)
