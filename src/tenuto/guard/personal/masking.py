"""Mask personal data with placeholders that stay the same for the whole request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.guard.personal.errors import PERSONAL_DATA_BLOCKED
from tenuto.guard.personal.restoring import StreamRestorer, names_in, restore
from tenuto.guard.personal.rules import find
from tenuto.guard.personal.words import DEFAULT_POLICY, Entity, Finding, Policy, Treatment

Findings = tuple[tuple[Finding, ...], ...]
_HEAD = 6  # characters every value has: `a@b.fr` is the shortest
_FEW = 32  # values: searching for each of them is then cheaper than looking at every position


class Masked(msgspec.Struct, frozen=True):
    """Masked texts, what was found in each, and the way back.

    The table (``email_1`` -> value) lives in memory only: it is not printed, never to be stored or logged.
    """

    texts: tuple[str, ...]
    findings: tuple[tuple[Finding, ...], ...]
    table: dict[str, str]

    def restore(self, text: str, *, in_json: bool = False) -> str:
        return restore(text, self.table, in_json=in_json)

    def stream(self, *, in_json: bool = False) -> StreamRestorer:
        return StreamRestorer(self.table, in_json=in_json)

    def __repr__(self) -> str:
        return f"Masked({len(self.texts)} texts, {len(self.table)} values)"


def mask(texts: Sequence[str], policy: Policy = DEFAULT_POLICY) -> Masked:
    """Mask all texts of one request together: the same value gets the same placeholder in each of them.

    Raises when there is something that the policy blocks; what is wrong names kinds, never values.

    A value that was found anywhere is masked everywhere, also where, glued to other characters, it would not
    have been recognised.
    """
    findings = tuple(tuple(find(text, policy)) for text in texts)
    if policy.treatments:
        findings = _treated(findings, policy)
    if not any(findings):
        return Masked(tuple(texts), findings, {})
    placeholders = _placeholders(texts, findings)
    leftovers = _Leftovers(placeholders)
    masked = tuple(
        _write(text, found, placeholders, leftovers) for text, found in zip(texts, findings, strict=True)
    )
    return Masked(masked, findings, {name[1:-1].lower(): value for value, name in placeholders.items()})


def _treated(findings: Findings, policy: Policy) -> Findings:
    """Leave out what is allowed, and let nothing through that is blocked."""
    treatments = policy.treatments
    blocked = {one.entity for found in findings for one in found if _is(one, treatments, Treatment.BLOCK)}
    if blocked:
        raise TenutoError(
            PERSONAL_DATA_BLOCKED, ", ".join(sorted(entity.value.lower() for entity in blocked))
        )
    return tuple(
        tuple(one for one in found if not _is(one, treatments, Treatment.ALLOW)) for found in findings
    )


def _is(finding: Finding, treatments: Mapping[Entity, Treatment], treatment: Treatment) -> bool:
    return treatments.get(finding.entity, Treatment.MASK) is treatment


def _placeholders(texts: Sequence[str], findings: Sequence[Sequence[Finding]]) -> dict[str, str]:
    """Name values in the order they appear, around the names that the texts themselves already use."""
    taken = {name.upper() for text in texts for name in names_in(text)}
    last: defaultdict[str, int] = defaultdict(int)
    names: dict[str, str] = {}
    for text, found in zip(texts, findings, strict=True):
        for finding in found:
            value = text[finding.start : finding.end]
            if value not in names:
                stem = finding.entity.value
                last[stem] = next(
                    number for number in count(last[stem] + 1) if f"{stem}_{number}" not in taken
                )
                names[value] = f"<{stem}_{last[stem]}>"
    return names


def _write(text: str, found: Sequence[Finding], placeholders: dict[str, str], leftovers: _Leftovers) -> str:
    pieces = []
    position = 0
    for finding in found:
        pieces.append(leftovers.mask(text[position : finding.start]))
        pieces.append(placeholders[text[finding.start : finding.end]])
        position = finding.end
    pieces.append(leftovers.mask(text[position:]))
    return "".join(pieces)


class _Leftovers:
    """Masks known values in stretches where nothing was recognised."""

    def __init__(self, placeholders: dict[str, str]) -> None:
        self._placeholders = placeholders
        self._many = len(placeholders) > _FEW
        self._heads = {value[:_HEAD] for value in placeholders}
        self._lengths = sorted({len(value) for value in placeholders}, reverse=True)

    def mask(self, gap: str) -> str:
        if self._many:
            return "".join(self._walk(gap))
        for value, placeholder in self._placeholders.items():
            gap = gap.replace(value, placeholder)
        return gap

    def _walk(self, gap: str) -> Iterator[str]:
        """Look at every position once: the work does not grow with the number of values."""
        position = copied = 0
        while position <= len(gap) - _HEAD:
            value = self._value_at(gap, position)
            if value:
                yield gap[copied:position]
                yield self._placeholders[value]
                copied = position = position + len(value)
            else:
                position += 1
        yield gap[copied:]

    def _value_at(self, gap: str, position: int) -> str:
        if gap[position : position + _HEAD] not in self._heads:
            return ""
        pieces = (gap[position : position + length] for length in self._lengths)
        return next((piece for piece in pieces if piece in self._placeholders), "")
