"""Identifiers made of digits with check digits: payment cards, French NIR, SIRET and SIREN.

Every pattern starts with a digit and looks back for the boundary, because a search for a class of characters
is several times faster than a search for a boundary. What follows the digit stands in a lookahead, so that a
group of digits which fails does not swallow the beginning of one that would pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tenuto.guard.personal.alphabet import NOT_AFTER_WORD, not_inside_word
from tenuto.guard.personal.checksums import luhn, nir_key, siret
from tenuto.guard.personal.words import Entity, Evidence, Finding

_NOT_A_FRACTION = r"(?<![0-9][.,][0-9])"
_GAP = r"[ .\-]"

_CARD = re.compile(
    rf"[2-6]{not_inside_word('[2-6]')}{_NOT_A_FRACTION}(?="
    r"((?:[0-9]{13,18}"  # one piece
    r"|(?<![0-9]{4}[ \-][0-9])"  # not out of a row of numbers of four digits
    r"[0-9]{3}(?P<four>[ \-])[0-9]{4}(?P=four)[0-9]{4}(?P=four)[0-9]{4}(?![ \-][0-9]{4})"
    r"|[0-9]{3}(?P<six>[ \-])[0-9]{6}(?P=six)[0-9]{4,5})"  # American Express and Diners write 4-6-5 and 4-6-4
    rf"){NOT_AFTER_WORD}(?![.,][0-9])(?:(?P=four)([0-9]{{3}}){NOT_AFTER_WORD})?)"
)
# By first digit: the lowest and highest beginning an issuer has, and the lengths in use there.
_ISSUERS = {
    "2": (("2221", "2720", (16,)),),  # Mastercard
    "3": (
        ("34", "34", (15,)),  # American Express
        ("37", "37", (15,)),
        ("300", "305", (14, 16, 19)),  # Diners Club
        ("36", "36", (14, 16, 19)),
        ("38", "39", (14, 16, 19)),
        ("3528", "3589", (16, 19)),  # JCB
    ),
    "4": (("4", "4", (16, 19)),),  # Visa
    "5": (
        ("51", "55", (16,)),  # Mastercard
        ("5018", "5018", (16, 18, 19)),  # Maestro
        ("5020", "5020", (16, 18, 19)),
        ("5038", "5038", (16, 18, 19)),
    ),
    "6": (
        ("6011", "6011", (16, 19)),  # Discover
        ("644", "659", (16, 19)),
        ("62", "62", (16, 17, 18, 19)),  # UnionPay
        ("6304", "6304", (16, 18, 19)),  # Maestro
        ("6759", "6763", (16, 18, 19)),
    ),
}

_NIR = re.compile(
    rf"[1-478]{not_inside_word('[0-9]')}(?=("
    rf"({_GAP}?[0-9]{{2}}{_GAP}?(?:0[1-9]|1[0-2]|[2-9][0-9])"  # year, month or its stand-in
    rf"{_GAP}?(?:9[78][0-9]{_GAP}?[0-9]{{2}}|(?:[0-9]{{2}}|2[ABab]){_GAP}?[0-9]{{3}})"  # place
    rf"{_GAP}?[0-9]{{3}})[ .\-/]{{0,3}}([0-9]{{2}})"
    rf"){NOT_AFTER_WORD})"
)
_SIRET = re.compile(
    rf"[0-9]{not_inside_word('[0-9]')}{_NOT_A_FRACTION}(?=("
    rf"[0-9]{{13}}|[0-9]{{8}}{_GAP}[0-9]{{5}}|[0-9]{{2}}(?P<gap>{_GAP})[0-9]{{3}}(?P=gap)[0-9]{{3}}(?P=gap)?[0-9]{{5}}"
    rf"){NOT_AFTER_WORD})"
)
_SIREN = re.compile(
    rf"[0-9]{not_inside_word('[0-9]')}{_NOT_A_FRACTION}(?=("
    rf"[0-9]{{8}}|[0-9]{{2}}(?P<gap>{_GAP})[0-9]{{3}}(?P=gap)[0-9]{{3}}"
    rf"){NOT_AFTER_WORD}(?![.,][0-9]))"
)
_COMPANY_WORDS = re.compile(r"siren|siret|\brcs\b|\btva\b|\bvat\b|immatricul", re.IGNORECASE)
_REACH = 40  # characters before a number in which a word may name it
_TIMESTAMP = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"
)
_NOT_DIGITS = re.compile(r"[^0-9]+")
_GAPS = re.compile(_GAP)


def find_cards(text: str, start: int, end: int) -> Iterator[Finding]:
    for match in _CARD.finditer(text, start, end):
        first, last, tail = match.start(), match.end(1), match.end(4)
        if tail > 0 and _is_card(text[first:tail]):
            yield Finding(Entity.CARD, first, tail, 0.9, Evidence.CHECKSUM)
        elif _is_card(text[first:last]):
            yield Finding(Entity.CARD, first, last, 0.9, Evidence.CHECKSUM)


def _is_card(written: str) -> bool:
    digits = _NOT_DIGITS.sub("", written)
    ranges = _ISSUERS[digits[0]]
    issued = any(
        low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in ranges
    )
    return issued and luhn(digits)


def find_nirs(text: str, start: int, end: int) -> Iterator[Finding]:
    for match in _NIR.finditer(text, start, end):
        number = _GAPS.sub("", match[0] + match[2])
        if nir_key(number, match[3]):
            yield Finding(Entity.NIR, match.start(), match.end(1), 1.0, Evidence.CHECKSUM)


def find_sirets(text: str, start: int, end: int) -> Iterator[Finding]:
    for match in _SIRET.finditer(text, start, end):
        written = match[0] + match[1]
        if siret(_NOT_DIGITS.sub("", written)) and not _TIMESTAMP.fullmatch(written):
            yield Finding(Entity.SIRET, match.start(), match.end(1), 0.95, Evidence.CHECKSUM)


def find_sirens(text: str, start: int, end: int) -> Iterator[Finding]:
    """One number of nine digits in ten passes Luhn: without a word that names it, the score stays low."""
    for match in _SIREN.finditer(text, start, end):
        if luhn(_NOT_DIGITS.sub("", match[0] + match[1])):
            before = text[max(0, match.start() - _REACH) : match.start()]
            named = _COMPANY_WORDS.search(before) is not None
            evidence = Evidence.CONTEXT if named else Evidence.FORMAT
            yield Finding(Entity.SIREN, match.start(), match.end(1), 0.9 if named else 0.3, evidence)
