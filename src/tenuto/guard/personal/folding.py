"""Read look-alike characters as the plain ones, and over those that nobody sees.

People paste full-width digits, no-break and thin spaces, typographic dashes. Each is read as its ASCII twin,
one character for one character, so an offset in the folded text is the same offset in the text as given. Characters
without a width of their own can be put between any two others, by accident or on purpose: ``seen`` leaves them out
and says where the others stood.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import msgspec

_SPACES = "\u00a0\u2000-\u200a\u202f\u205f\u3000"
_DASHES = "\u2010-\u2015\u2212"
_RAISED = "\u00b2\u00b3\u00b9\u2070-\u209c\u2460-\u2473"  # footnote marks: they end a number
_DIGITS = "\u0660-\u0669\u06f0-\u06f9\u0966-\u096f"  # Arabic-Indic, its eastern form, Devanagari
_OTHER_DIGITS = (  # of the scripts of South and South-East Asia and Africa
    "\u07c0-\u07c9\u09e6-\u09ef\u0a66-\u0a6f\u0ae6-\u0aef\u0b66-\u0b6f\u0be6-\u0bef\u0c66-"
    "\u0c6f\u0ce6-\u0cef\u0d66-\u0d6f\u0de6-\u0def\u0e50-\u0e59\u0ed0-\u0ed9\u0f20-\u0f29\u1040-"
    "\u1049\u1090-\u1099\u17e0-\u17e9\u1810-\u1819\u1946-\u194f\u19d0-\u19d9\u1a80-\u1a89\u1a90-"
    "\u1a99\u1b50-\u1b59\u1bb0-\u1bb9\u1c40-\u1c49\u1c50-\u1c59\ua620-\ua629\ua8d0-\ua8d9\ua900-"
    "\ua909\ua9d0-\ua9d9\ua9f0-\ua9f9\uaa50-\uaa59\uabf0-\uabf9"
)
_FORMS = "\ufe50-\ufe6b\uff01-\uff5e"  # small and full-width forms
_MATHEMATICAL = "\U0001d400-\U0001d7ff"


def _characters(ranges: str) -> Iterator[str]:
    for first, last in re.findall(r"(.)(?:-(.))?", ranges):
        yield from map(chr, range(ord(first), ord(last or first) + 1))


def _compatible(character: str) -> str:
    """Return the one digit or character that Unicode calls equivalent, else the character itself."""
    digit = unicodedata.decimal(character, None)
    plain = unicodedata.normalize("NFKC", character) if digit is None else str(digit)
    return plain if len(plain) == 1 else character


_TWINS = {
    **{
        character: _compatible(character)
        for character in _characters(_DIGITS + _OTHER_DIGITS + _FORMS + _MATHEMATICAL)
    },
    **dict.fromkeys(_characters(_SPACES), " "),
    **dict.fromkeys(_characters(_DASHES), "-"),
    **dict.fromkeys(_characters(_RAISED), "^"),
}
# Two classes: one that mixes both planes is searched at half the speed.
_FOLDED = re.compile(f"[{_SPACES}{_DASHES}{_RAISED}{_DIGITS}{_OTHER_DIGITS}{_FORMS}]|[{_MATHEMATICAL}]")


# Soft hyphen, joiners and non-joiners, marks of direction, selectors of a variant, tags, the keycap.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\ufe00-\ufe0f\ufeff]"
    "|[\U000e0000-\U000e01ef]"
)


class Seen(msgspec.Struct, frozen=True):
    """What is seen of a text, and where each of its characters stands in the text as given.

    ``spaced`` is the other way to read it: what nobody sees keeps things apart, as a space does.
    """

    text: str
    places: tuple[int, ...]
    spaced: str

    def stretch(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets in the text as given."""
        return self.places[start], self.places[end - 1] + 1


def seen(text: str) -> Seen | None:
    """Return the text without what nobody sees; None if all of it is seen."""
    if text.isascii() or not _UNSEEN.search(text):
        return None
    places = tuple(place for place, character in enumerate(text) if not _UNSEEN.match(character))
    return Seen("".join(text[place] for place in places), places, _UNSEEN.sub(" ", text))


def fold(text: str) -> str:
    """Return ``text`` with look-alikes read as ASCII; same length, same offsets."""
    if text.isascii():
        return text
    return _FOLDED.sub(lambda match: _TWINS[match[0]], text)
