"""Numbers, money, sizes and times as the reader's language writes them."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from babel import Locale, dates, numbers, units

from tenuto.core.money import Money

_SIZES = ((10**12, "digital-terabyte"), (10**9, "digital-gigabyte"), (10**6, "digital-megabyte"))
_SMALL_SIZES = ((10**3, "digital-kilobyte"), (1, "digital-byte"))
_CENT = Decimal("0.01")
_FIGURES = 4  # digits shown of a measured value
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-4, 1e9  # beyond, with an exponent
_SIGNIFICANT = 3  # digits shown of an amount below a cent


class Formats:
    """Formats values for one locale. Times are shown in UTC; the browser adds the reader's own zone."""

    def __init__(self, locale: Locale) -> None:
        self._locale = locale

    def number(self, value: float | Decimal) -> str:
        return numbers.format_decimal(value, locale=self._locale)

    def compact(self, value: float | Decimal) -> str:
        """Return 12K for 12,345: for figures that are looked at, not added up."""
        return numbers.format_compact_decimal(value, locale=self._locale, fraction_digits=1)

    def figure(self, value: float) -> str:
        """Return a measured value to four digits that count, however large or small it is."""
        if value == 0 or not math.isfinite(value):
            return numbers.format_decimal(0, locale=self._locale) if value == 0 else str(value)
        if not _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
            return numbers.format_scientific(value, format="0.###E0", locale=self._locale)
        places = max(0, _FIGURES - 1 - math.floor(math.log10(abs(value))))
        return numbers.format_decimal(
            round(Decimal(repr(value)), places), locale=self._locale, decimal_quantization=False
        )

    def percent(self, share: float | Decimal, digits: int = 1) -> str:
        """Return a share of one as a percentage: 0.123 is 12.3 %."""
        return numbers.format_percent(
            share, format=_percent_pattern(self._locale, digits), locale=self._locale
        )

    def money(self, amount: Money, currency: str) -> str:
        """Return an amount with its currency. Below a cent it keeps three digits, for tokens cost little."""
        exact = amount.decimal()
        if exact == 0 or abs(exact) >= _CENT:
            return numbers.format_currency(exact, currency, locale=self._locale)
        places = -exact.adjusted() + _SIGNIFICANT - 1
        pattern = numbers.parse_pattern(self._locale.currency_formats["standard"].pattern)
        pattern.frac_prec = (2, places)
        return str(pattern.apply(exact, self._locale, currency=currency, currency_digits=False))

    def amount(self, text: str, currency: str) -> str:
        """Return an amount that comes as decimal text."""
        return self.money(Money.of(text), currency)

    def pico_money(self, picos: int, currency: str) -> str:
        """Return an amount that comes in 10^-12 units."""
        return self.money(Money(picos), currency)

    def micros(self, count: int) -> str:
        """Return a short time given in microseconds."""
        return self.duration(count / 1_000_000) if count >= 1_000 else self._unit(count, "microsecond")

    def size(self, count: int) -> str:
        """Return a number of bytes in the largest fitting decimal unit."""
        factor, unit = next(pair for pair in (*_SIZES, *_SMALL_SIZES) if count >= pair[0] or pair[0] == 1)
        value = Decimal(count) / factor
        rounded = round(value) if value >= 100 or factor == 1 else round(value, 1)
        return units.format_unit(rounded, unit, length="short", locale=self._locale)

    def duration(self, seconds: float) -> str:
        """Return a length of time in at most two units, from milliseconds to days."""
        if seconds < 1:
            return self._unit(round(seconds * 1_000), "millisecond")
        if seconds < 60:
            return self._unit(round(seconds, 1), "second")
        whole = round(seconds)
        for size, unit, below, smaller in (
            (86_400, "day", 3_600, "hour"),
            (3_600, "hour", 60, "minute"),
            (60, "minute", 1, "second"),
        ):
            if whole >= size:
                rest = whole % size // below
                first = self._unit(whole // size, unit)
                return f"{first} {self._unit(rest, smaller)}" if rest else first
        raise AssertionError("a minute or more fits one of the units")

    def moment(self, when: datetime) -> str:
        """Return date and time to the second, in UTC."""
        return f"{dates.format_datetime(when.astimezone(UTC), 'medium', locale=self._locale)} UTC"

    def day(self, when: datetime) -> str:
        return dates.format_date(when.astimezone(UTC), "long", locale=self._locale)

    def short_day(self, day: date) -> str:
        """Return a day without its year: 5 Mar."""
        return dates.format_skeleton("MMMd", day, locale=self._locale)

    def ago(self, when: datetime, now: datetime) -> str:
        """Return the distance to ``now`` in words: three minutes ago, in two days."""
        distance: timedelta = when - now
        return dates.format_timedelta(distance, add_direction=True, locale=self._locale)

    def _unit(self, value: float, unit: str) -> str:
        return units.format_unit(value, f"duration-{unit}", length="short", locale=self._locale)


def _percent_pattern(locale: Locale, digits: int) -> str:
    pattern = locale.percent_formats[None].pattern
    return str(pattern.replace("0", "0." + "#" * digits) if digits else pattern)
