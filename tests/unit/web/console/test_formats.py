"""Values as the reader's language writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from babel import Locale

from tenuto.core.money import Money
from tenuto.web.console.i18n.formats import Formats

EN, FR = Formats(Locale("en")), Formats(Locale("fr"))
NNBSP, NBSP = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("amount", "english", "french"),
    [
        ("1234.5", "€1,234.50", f"1{NNBSP}234,50{NBSP}€"),
        ("0", "€0.00", f"0,00{NBSP}€"),
        ("0.01", "€0.01", f"0,01{NBSP}€"),
        ("0.004", "€0.004", f"0,004{NBSP}€"),
        ("-0.004", "-€0.004", f"-0,004{NBSP}€"),
        ("0.0000123456", "€0.0000123", f"0,0000123{NBSP}€"),
        ("0.000000000001", "€0.000000000001", f"0,000000000001{NBSP}€"),
    ],
)
def test_money_below_a_cent_is_not_rounded_to_nothing(amount: str, english: str, french: str) -> None:
    assert EN.money(Money.of(amount), "EUR") == english
    assert FR.money(Money.of(amount), "EUR") == french


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (0.0004, "0 ms", f"0{NNBSP}ms"),
        (0.25, "250 ms", f"250{NNBSP}ms"),
        (1.04, "1 sec", f"1{NNBSP}s"),
        (59.94, "59.9 sec", f"59,9{NNBSP}s"),
        (61, "1 min 1 sec", f"1{NNBSP}min 1{NNBSP}s"),
        (3600, "1 hr", f"1{NNBSP}h"),
        (3660, "1 hr 1 min", f"1{NNBSP}h 1{NNBSP}min"),
        (90_000, "1 day 1 hr", f"1{NNBSP}j 1{NNBSP}h"),
    ],
)
def test_durations(seconds: float, english: str, french: str) -> None:
    assert EN.duration(seconds).replace(NBSP, " ") == english
    assert FR.duration(seconds).replace(NBSP, NNBSP) == french


@pytest.mark.parametrize(
    ("count", "french"), [(0, "0 o"), (999, "999 o"), (1_500, "1,5 ko"), (10**10, "10 Go"), (10**12, "1 To")]
)
def test_sizes(count: int, french: str) -> None:
    assert FR.size(count).replace(NBSP, " ").replace(NNBSP, " ") == french


def test_numbers_and_shares() -> None:
    assert (EN.number(1234567.5), FR.number(1234567.5)) == ("1,234,567.5", f"1{NNBSP}234{NNBSP}567,5")
    assert (EN.compact(18_250), FR.compact(18_250)) == ("18.2K", f"18,2{NBSP}k")
    assert (EN.percent(0.1234), FR.percent(0.1234)) == ("12.3%", f"12,3{NBSP}%")
    assert (EN.percent(0.5), EN.percent(0.987, digits=0)) == ("50%", "99%")


def test_times_are_said_in_utc() -> None:
    paris = datetime(2026, 11, 21, 15, 5, tzinfo=timezone(timedelta(hours=1)))
    assert FR.moment(paris) == "21 nov. 2026, 14:05:00 UTC"
    assert EN.day(paris) == "November 21, 2026"
    now = datetime(2026, 11, 21, 14, 8, tzinfo=UTC)
    assert (EN.ago(paris, now), FR.ago(paris, now)) == ("3 minutes ago", "il y a 3 minutes")
    assert FR.ago(now + timedelta(days=2), now) == "dans 2 jours"
