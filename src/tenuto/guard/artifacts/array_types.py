"""Element types of numpy arrays, as numpy pickles them.

numpy believes what the state of a type says about it. A type of objects that claims to hold none would have
numpy take bytes of the file for pointers, and an item size that differs from the real one would hide what lies
behind an array. So a state must be the very one numpy itself writes for that type.
"""

from __future__ import annotations

import re
from typing import Any

from tenuto.guard.artifacts.symbols import Bag, ElementType, Made, Payload

DTYPE = ("numpy", "dtype")

_CODE = re.compile(r"(?:b1|[iu][1248]|f(?:2|4|8|16)|c(?:8|16|32)|[mM]8|O8|[SUV][0-9]{1,9})")
_OBJECTS, _UNICODE, _VOID = "O", "U", "V"
_ALL_OBJECT_FLAGS = 63
_RECORD_FLAGS = 0x80 | 0x10 | 0x08  # aligned as in C, never read bit by bit, with text in it
_ALIGNMENTS = frozenset({-1, 1, 2, 4, 8, 16, 32, 64})


def is_dtype(value: Any) -> bool:
    return isinstance(value, Made) and value.of.path == DTYPE


def arguments_are_plain(arguments: tuple[Any, ...]) -> bool:
    """``dtype("f8", False, True)``: a code, no alignment of its own, a copy. Protocol 0 may write 0 and 1."""
    return (
        len(arguments) == 3
        and isinstance(arguments[0], str)
        and _CODE.fullmatch(arguments[0]) is not None
        and arguments[1] == 0
        and arguments[2] == 1
    )


def element_type(dtype: Any) -> ElementType | None:
    """Return the type; None for what is no type, or one that is not filled yet and so could still change."""
    return dtype.element if is_dtype(dtype) else None


def fill(dtype: Made, state: Any) -> bool:
    """Fill a type with its state. Tells whether the state is the one that numpy writes for it."""
    dtype.element = _element(dtype.arguments[0], state)
    if dtype.element is not None and isinstance(state[4], Bag):
        state[4].frozen = True
    return dtype.element is not None


def _element(code: str, state: Any) -> ElementType | None:
    kind, size = code[0], int(code[1:]) * (4 if code[0] == _UNICODE else 1)
    if not isinstance(state, tuple) or not 8 <= len(state) <= 9 or not _sane_head(state, kind):
        return None
    subtype, names, fields, stated, _, flags = state[2:8]
    if kind == _VOID and (subtype is not None or names is not None):
        return _compound(size, (subtype, names, fields, stated, flags))
    if (subtype, names, fields) != (None, None, None):
        return None
    return _simple(kind, size, stated, flags)


def _sane_head(state: tuple[Any, ...], kind: str) -> bool:
    version, order = state[0], state[1]
    if kind in "mM":
        if version != 4 or len(state) != 9 or not _sane_unit(state[8]):
            return False
    elif version != 3 or len(state) != 8:
        return False
    whole = all(type(number) is int for number in state[5:8])
    return whole and order in {"<", ">", "|"} and state[6] in _ALIGNMENTS


def _sane_unit(metadata: Any) -> bool:
    """No metadata, then unit, count, divisor and events."""
    if not isinstance(metadata, tuple) or len(metadata) != 2 or metadata[0] is not None:
        return False
    unit = metadata[1]
    if not isinstance(unit, tuple) or len(unit) != 4 or not isinstance(unit[0], bytes):
        return False
    return all(type(number) is int and number > 0 for number in unit[1:])


def _simple(kind: str, size: int, stated: int, flags: int) -> ElementType | None:
    expected_flags = {_OBJECTS: _ALL_OBJECT_FLAGS, _UNICODE: 8}.get(kind, 0)
    expected_size = size if kind in "SUV" else -1
    if stated != expected_size or flags != expected_flags:
        return None
    return ElementType(size, kind == _OBJECTS)


def _compound(size: int, parts: tuple[Any, ...]) -> ElementType | None:
    """A record or a repeated element. Objects inside are refused: fields may overlap, and pointers with them."""
    subtype, names, fields, stated, flags = parts
    if stated != size or flags & ~_RECORD_FLAGS:
        return None
    if subtype is None:
        fits = _fields_fit(size, names, fields)
    else:
        fits = names is None and fields is None and _repeats(subtype) == size
    return ElementType(size, objects=False) if fits else None


def _repeats(subtype: Any) -> int | None:
    """Return how many bytes ``(type, shape)`` takes."""
    if not isinstance(subtype, tuple) or len(subtype) != 2:
        return None
    member, count = element_type(subtype[0]), count_of(subtype[1])
    return None if member is None or member.objects or count is None else member.size * count


def _fields_fit(size: int, names: Any, fields: Any) -> bool:
    """Tell whether ``fields`` describes exactly ``names``, each with its type and an offset inside the record."""
    if not isinstance(names, tuple) or not isinstance(fields, Bag) or not fields.complete:
        return False
    if sorted(map(str, names)) != sorted(fields.entries):
        return False
    return all(_field_fits(size, entry) for entry in fields.entries.values())


def _field_fits(size: int, entry: Any) -> bool:
    if not isinstance(entry, tuple) or len(entry) != 2 or type(entry[1]) is not int:
        return False
    member = element_type(entry[0])
    return member is not None and not member.objects and 0 <= entry[1] <= size - member.size


def count_of(shape: Any) -> int | None:
    """Return how many elements a shape has; None when it is no shape."""
    if not isinstance(shape, tuple) or len(shape) > 64:
        return None
    count = 1
    for length in shape:
        if type(length) is not int or length < 0:
            return None
        count *= length
    return count


def array_state_fits(state: Any) -> bool:
    """Tell whether ``(version, shape, type, order, content)`` is what numpy writes for an array."""
    if not isinstance(state, tuple) or len(state) != 5:
        return False
    element, count = element_type(state[2]), count_of(state[1])
    if element is None or count is None:
        return False
    if element.objects:
        return isinstance(state[4], Bag) and state[4].kind == "list"
    return length_of(state[4]) == element.size * count


def length_of(content: Any) -> int | None:
    if isinstance(content, Payload):
        return content.length
    return len(content) if isinstance(content, bytes) else None
