"""Hostile text costs work in proportion to its length. Work is counted, never timed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from types import FrameType, ModuleType
from typing import Any

import pytest

from tenuto.guard.personal import emails, folding, ibans, masking, numbers, phones, restoring, rules
from tenuto.guard.personal.ibans import _COUNTRIES, _form

pytestmark = pytest.mark.capability("G12")

MODULES = (emails, folding, ibans, masking, numbers, phones, restoring, rules)
HOSTILE = {
    "digits": "1",
    "spaced digits": "1 ",
    "dotted digits": "1.",
    "at signs": "@",
    "near addresses": "a@b.",
    "endless domain": "a.",
    "long local parts": "a" * 200 + "@",
    "account heads": "FR76",
    "spaced account heads": "FR76 ",
    "plus signs": "+33 (",
    "zeros": "00 ",
    "near phones": "06 12 34 56 7 ",
    "near cards": "4111 ",
    "companies": "732 829 320 ",
    "no-break spaces": "1\u00a0",
    "full-width": "１",
    "addresses": "ab@c.fr ",
    "beginnings of placeholders": "<EMAIL_",
    "opened placeholders": "&lt;",
}


def patterns_of(module: ModuleType) -> Iterator[tuple[str, re.Pattern[str]]]:
    for name, value in vars(module).items():
        if isinstance(value, re.Pattern):
            yield f"{module.__name__}.{name}", value


def open_ended(tree: Any, inside: bool = False) -> Iterator[str]:
    """Yield what could backtrack without bound: an unbounded repeat inside another repeat."""
    for operation, argument in tree:
        name = str(operation)
        if name in {"MAX_REPEAT", "MIN_REPEAT"}:
            _, highest, body = argument
            if highest is re._constants.MAXREPEAT and inside:  # type: ignore[attr-defined]
                yield str(body)
            yield from open_ended(body, inside=True)
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from open_ended(branch, inside)
        elif name == "SUBPATTERN":
            yield from open_ended(argument[3], inside)
        elif name in {"ASSERT", "ASSERT_NOT"}:
            yield from open_ended(argument[1], inside)


def all_patterns() -> list[tuple[str, re.Pattern[str]]]:
    found = [pattern for module in MODULES for pattern in patterns_of(module)]
    forms = [(f"iban {country}", form) for country in _COUNTRIES if (form := _form(country))]
    return found + forms


@pytest.mark.parametrize(("name", "pattern"), all_patterns())
def test_no_pattern_repeats_without_bound_inside_a_repeat(name: str, pattern: re.Pattern[str]) -> None:
    tree = re._parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)  # type: ignore[attr-defined]
    assert list(open_ended(tree)) == []


def calls(text: str) -> int:
    """Count the function calls that masking ``text`` makes, those into the C library included."""
    counted = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        masking.mask([text])
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_twice_the_text_is_twice_the_calls(unit: str) -> None:
    once = unit * (4_000 // len(unit))
    assert calls(once * 2) <= 2.2 * calls(once) + 50


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_megabyte_of_it_is_no_trouble(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    masked = masking.mask([text])
    assert masked.restore(masked.texts[0]) == text


def test_many_values_do_not_multiply_the_work() -> None:
    def request(count: int) -> str:
        return " ".join(f"p{number:06d}@exemple.fr" for number in range(count)) + " nothing here" * count

    assert calls(request(400)) <= 2.2 * calls(request(200))
