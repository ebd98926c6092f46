"""Find personal data in one text. Values in, values out."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec

from tenuto.guard.personal import ibans, numbers, phones
from tenuto.guard.personal.emails import find_emails
from tenuto.guard.personal.folding import Seen, fold, seen
from tenuto.guard.personal.words import DEFAULT_POLICY, Entity, Finding, Policy

# Each with the fewest digits it can have, so that a date or an IP address meets two patterns, not five.
_NUMBERS: dict[Entity, tuple[int, Callable[[str, int, int], Iterator[Finding]]]] = {
    Entity.NIR: (14, numbers.find_nirs),
    Entity.CARD: (14, numbers.find_cards),
    Entity.SIRET: (14, numbers.find_sirets),
    Entity.SIREN: (9, numbers.find_sirens),
    Entity.PHONE: (9, phones.find_phones),
}
# Every number looked for has nine digits or more with little between them (Corsica's A and B included); an
# IBAN may have fewer, but its head gives it away.
_RUN = r"[0-9](?:[ .\-/()ABab]{0,3}[0-9])"
_MAY_HOLD_A_NUMBER = re.compile(rf"{_RUN}{{8}}|{ibans.START}")
_DIGITS = re.compile(rf"{_RUN}{{8,}}+")
# The commonest runs of digits that are nobody's: dates (with the hour behind them) and IP addresses.
_PLAIN = re.compile(
    r"(?:19|20)[0-9]{2}([\-/.])[0-9]{2}\1[0-9]{2}(?: [0-9]{2})?|[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
)
_NOT_DIGITS = re.compile(r"[^0-9]+")
_BEFORE = 2  # characters before the digits that may belong to a number: `+ `
_AFTER = 6  # characters after them that decide whether a number ends there


def find(text: str, policy: Policy = DEFAULT_POLICY) -> list[Finding]:
    """Return what ``policy`` looks for: in order, without overlaps, with offsets into ``text`` as given."""
    visible = seen(text)
    if visible is None:
        return _find(text, policy)
    found = [_moved(finding, visible) for finding in _find(visible.text, policy)]
    return _apart([*found, *_find(visible.spaced, policy)])


def _moved(finding: Finding, visible: Seen) -> Finding:
    start, end = visible.stretch(finding.start, finding.end)
    return msgspec.structs.replace(finding, start=start, end=end)


def _find(text: str, policy: Policy) -> list[Finding]:
    return _apart([finding for finding in _candidates(fold(text), policy) if _counts(finding, policy)])


def _apart(found: list[Finding]) -> list[Finding]:
    """Return the findings in order and without overlaps."""
    if len(found) > 1:
        found.sort(key=lambda finding: finding.start)
        if any(before.end > after.start for before, after in pairwise(found)):
            return _strongest(found)
    return found


def _candidates(text: str, policy: Policy) -> Iterator[Finding]:
    if Entity.EMAIL in policy.rules and "@" in text:
        yield from find_emails(text)
    if not _MAY_HOLD_A_NUMBER.search(text):
        return
    accounts = list(ibans.find_ibans(text)) if Entity.IBAN in policy.rules else []
    yield from accounts
    wanted = [_NUMBERS[entity] for entity in policy.rules if entity in _NUMBERS]
    for digits in _unexplained(accounts, _DIGITS.finditer(text)):
        start, end = max(0, digits.start() - _BEFORE), digits.end() + _AFTER
        amount = len(_NOT_DIGITS.sub("", digits[0]))
        for fewest, recognise in wanted:
            if amount >= fewest:
                yield from recognise(text, start, end)


def _unexplained(accounts: list[Finding], runs: Iterator[re.Match[str]]) -> Iterator[re.Match[str]]:
    """Leave out dates, addresses, and what lies inside an account number, where nothing could win over it."""
    ends = iter([*accounts, None])
    account = next(ends)
    for run in runs:
        while account and account.end <= run.start():
            account = next(ends)
        inside = account and account.start <= run.start() and run.end() <= account.end
        if not inside and not _PLAIN.fullmatch(run[0]):
            yield run


def _counts(finding: Finding, policy: Policy) -> bool:
    return finding.score >= policy.rules[finding.entity].threshold


def _strongest(found: list[Finding]) -> list[Finding]:
    """Resolve overlaps: stronger evidence wins, then the higher score, then the longer, then the earlier."""
    found.sort(key=lambda one: (-one.evidence.value, -one.score, one.start - one.end, one.start))
    kept: list[Finding] = []
    starts: list[int] = []
    for finding in found:
        place = bisect(starts, finding.start)
        clear_before = place == 0 or kept[place - 1].end <= finding.start
        clear_after = place == len(kept) or finding.end <= kept[place].start
        if clear_before and clear_after:
            kept.insert(place, finding)
            starts.insert(place, finding.start)
    return kept
