r"""Put the real values back where the model wrote placeholders, whole or in a stream.

Models change what they copy: the case, ``<`` as ``&lt;`` or ``\u003c``, ``\<`` and ``\_`` in Markdown. Each
of these is one form with its own opening and closing, so that no character beside a placeholder is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from tenuto.guard.personal.words import Entity

_FORMS = (("<", ">"), ("&lt;", "&gt;"), ("\\u003c", "\\u003e"), ("\\<", "\\>"))
_NAMES = tuple(entity.value for entity in Entity)
_LONGEST_NUMBER = 9
_CORE = rf"(?:{'|'.join(_NAMES)})\\?_[1-9][0-9]{{0,{_LONGEST_NUMBER - 1}}}"
_PLACEHOLDER = re.compile(
    "|".join(f"{re.escape(opening)}({_CORE}){re.escape(closing)}" for opening, closing in _FORMS),
    re.IGNORECASE | re.ASCII,
)
# Every placeholder holds this, and a search for one character is far faster than one for all the forms.
_NUMBER = re.compile(rf"_[1-9][0-9]{{0,{_LONGEST_NUMBER - 1}}}")
_STEM = re.compile(rf"({'|'.join(_NAMES)})\\?\Z", re.IGNORECASE | re.ASCII)
_LONGEST_STEM = max(map(len, _NAMES)) + 1
_OPENINGS = re.compile(r"[<&\\]")
_UNFINISHED_CORE = re.compile(rf"([a-z]*)(\\?)(_?)([0-9]{{0,{_LONGEST_NUMBER}}})")
LONGEST_PLACEHOLDER = max(len(opening) + len(closing) for opening, closing in _FORMS) + (
    max(map(len, _NAMES)) + len("\\_") + _LONGEST_NUMBER
)


def names_in(text: str) -> Iterator[str]:
    """Yield what ``text`` already uses as a name, ``email_1``, in whatever surroundings."""
    for number in _NUMBER.finditer(text):
        stem = _STEM.search(text[max(0, number.start() - _LONGEST_STEM) : number.start()])
        if stem:
            yield (stem[1] + number[0]).lower()


def restore(text: str, table: Mapping[str, str], *, in_json: bool = False) -> str:
    """Replace every placeholder of ``table`` (``email_1`` -> value). Unknown ones stay as they are.

    ``in_json``: ``text`` is JSON source, so values are written as the inside of a JSON string.
    """

    def value_of(match: re.Match[str]) -> str:
        core = match[match.lastindex or 0].lower().replace("\\", "")
        value = table.get(core)
        if value is None:
            return match[0]
        return json.dumps(value, ensure_ascii=False)[1:-1] if in_json else value

    return _PLACEHOLDER.sub(value_of, text) if table and _NUMBER.search(text) else text


class StreamRestorer:
    """Restores text that arrives in pieces; the same whole comes out however it was cut.

    What is held back is at most the beginning of one placeholder (``LONGEST_PLACEHOLDER`` characters).
    """

    def __init__(self, table: Mapping[str, str], *, in_json: bool = False) -> None:
        self._table = table
        self._in_json = in_json
        self._held = ""

    def feed(self, delta: str) -> str:
        if not self._table:
            return delta
        text = self._held + delta
        cut = _start_of_unfinished(text)
        self._held = text[cut:]
        return restore(text[:cut], self._table, in_json=self._in_json)

    def finish(self) -> str:
        """Return what was held back. Nothing may be fed afterwards."""
        rest, self._held = self._held, ""
        return restore(rest, self._table, in_json=self._in_json)


def _start_of_unfinished(text: str) -> int:
    """Return where the first beginning of a placeholder starts that ``text`` ends with, else its length."""
    earliest = max(0, len(text) - LONGEST_PLACEHOLDER + 1)
    for opening in _OPENINGS.finditer(text, earliest):
        tail = text[opening.start() :].lower()
        if any(_could_begin(tail, *form) for form in _FORMS):
            return opening.start()
    return len(text)


def _could_begin(tail: str, opening: str, closing: str) -> bool:
    if len(tail) <= len(opening):
        return opening.startswith(tail)
    if not tail.startswith(opening):
        return False
    core = _UNFINISHED_CORE.match(tail, len(opening))
    assert core is not None  # every part of the pattern may be empty
    name, backslash, underscore, number = core.groups()
    rest = tail[core.end() :]
    if rest:
        return (
            bool(number) and len(rest) < len(closing) and closing.startswith(rest) and name.upper() in _NAMES
        )
    if backslash or underscore:
        return name.upper() in _NAMES
    return not number and any(known.startswith(name.upper()) for known in _NAMES)
