"""Telephone numbers: French national forms, and any country's with ``+`` or ``00`` before it.

There is no check digit, so the form must carry the evidence: a known country code and as many digits as that
country's numbers have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tenuto.guard.personal.alphabet import NOT_AFTER_WORD, WORD, not_inside_word
from tenuto.guard.personal.calling_codes import numbering_plan
from tenuto.guard.personal.words import Entity, Evidence, Finding

_NATIONAL = re.compile(
    rf"0{not_inside_word('0')}(?<![0-9+][.,\-/]0)(?<!\+0)(?=([1-9](?:"
    r"(?P<pairs>[ .\-/]?)[0-9]{2}(?:(?P=pairs)[0-9]{2}){3}"  # 06 12 34 56 78, 06.12.34.56.78, 0612345678
    r"|[0-9]{2}(?P<head>[ .])[0-9]{2}(?P=head)[0-9]{2}(?P=head)[0-9]{2}"  # 0612 34 56 78
    r"|[ .][0-9]{8}"  # 06 12345678
    rf")){NOT_AFTER_WORD}(?![.\-/][0-9A-Fa-f]{{1,2}}{NOT_AFTER_WORD}))"
)
_INTERNATIONAL = re.compile(
    rf"[+0](?:(?<=\+)(?<![0-9+]\+) ?|(?<=0){not_inside_word('0')}(?<![0-9][ .,\-/]0)0[ .]?)"
    r"([1-9](?:[ .\-/()]{0,3}[0-9]){6,16})"
)
_TRUNK = "(0)"  # +33 (0)6: dialled inside the country only
_FEWEST_DIGITS = 9
_THOUSANDS = re.compile(r"([0-9]{1,3})(?: [0-9]{3}){2,}")
_WORD = re.compile(WORD)


def find_phones(text: str, start: int, end: int) -> Iterator[Finding]:
    for match in _NATIONAL.finditer(text, start, end):
        yield Finding(Entity.PHONE, match.start(), match.end(1), 0.8, Evidence.FORMAT)
    for match in _INTERNATIONAL.finditer(text, start, end):
        last = _end_of_international(text, match.start(1), match.end())
        if last:
            yield Finding(Entity.PHONE, match.start(), last, 0.85, Evidence.FORMAT)


def _end_of_international(text: str, start: int, limit: int) -> int:
    """Return where the number whose country code starts at ``start`` ends, or 0."""
    places = _digit_places(text, start, limit)
    digits = "".join(text[place] for place in places)
    plan = numbering_plan(digits)
    if plan is None:
        return 0
    first = len(plan.code)
    if digits[first] == "0" and not plan.keeps_zero:  # dialled inside the country only, written all the same
        first += 1
        if digits[first] == "0":
            return 0
    for count in range(min(first + plan.most, len(places)), max(first + plan.fewest, _FEWEST_DIGITS) - 1, -1):
        end = places[count - 1] + 1
        if not _WORD.match(text, end):
            return 0 if _is_amount(text[start:end], plan.code) else end
    return 0


def _digit_places(text: str, start: int, limit: int) -> list[int]:
    trunk = text.find(_TRUNK, start, limit)
    return [place for place in range(start, limit) if text[place].isdecimal() and place != trunk + 1]


def _is_amount(written: str, code: str) -> bool:
    """Tell ``+15 000 000 000`` from a number: groups of three, and the first is no country code."""
    thousands = _THOUSANDS.fullmatch(written)
    return thousands is not None and thousands[1] != code
