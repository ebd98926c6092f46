"""YAML as version 1.2 has it, down to JSON values: its core schema for plain words, and nothing that runs.

Version 1.1, which the library reads by itself, takes ``no`` for false, ``12:30:00`` for a number, ``012`` for
ten and ``2026-01-02`` for a date. Here they are text, text, twelve and text. Keys are text and stand once in a
mapping. Anchors are taken; tags are not, but for ``!!str``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import yaml

from tenuto.client.errors import YAML_BROKEN
from tenuto.core.errors import TenutoError

MOST_VALUES = 200_000  # after anchors are followed, so that a small file cannot unfold into a large one
_DEEPEST = 100
_LONGEST_INTEGER = 1_000  # characters; longer ones count as too large without being read
_LARGEST_INTEGER = 2**63 - 1
_STR, _SEQ, _MAP = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_PLAIN = "plain word"

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def _integer(text: str, base: int = 10) -> int:
    return int(text, base) if len(text) <= _LONGEST_INTEGER else _LARGEST_INTEGER + 1


_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (re.compile(r"[-+]?[0-9]+"), _integer),
    (re.compile(r"0o[0-7]+"), lambda text: _integer(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: _integer(text[2:], 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
)


class Place(msgspec.Struct, frozen=True):
    """Where something stands in a file. Both numbers count from 1."""

    name: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.name}:{self.line}:{self.column}"


class Found(msgspec.Struct, frozen=True):
    """One document of a file as a JSON value, and where it begins."""

    value: Any
    place: Place


class _Words(yaml.SafeLoader):
    """Reads structure only: what stands without quotes and tag stays a plain word."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode and implicit[0]:
            return _PLAIN
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]  # untyped in the stubs


def read_yaml(content: bytes, name: str) -> list[Found]:
    """Return the documents of a file, empty ones left out. Errors tell line, column and what was expected."""
    text = _text(content, name)
    try:
        nodes = list(yaml.compose_all(text, Loader=_Words))
        reading = _Reading(name)
        found = [Found(reading.value(node), _place(name, node.start_mark)) for node in nodes]
    except yaml.MarkedYAMLError as error:
        raise _explained(error, name) from None
    except yaml.reader.ReaderError as error:
        place = _place_of(text, error.position, name)
        raise TenutoError(
            YAML_BROKEN, f"{place}: the character U+{error.character:04X} is not allowed"
        ) from None
    except RecursionError:
        raise TenutoError(YAML_BROKEN, f"{name}: nested too deep") from None
    return [one for one in found if one.value is not None]


def plain_value(text: str) -> Any:
    """Return what a word without quotes means: a number, a truth, nothing, or itself."""
    if text in _WORDS:
        return _WORDS[text]
    for pattern, read in _NUMBERS:
        if pattern.fullmatch(text):
            return read(text)
    return text


class _Reading:
    """From nodes to values, counting what it makes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._made = 0

    def value(self, node: yaml.Node, depth: int = 0) -> Any:
        self._made += 1
        if self._made > MOST_VALUES or depth > _DEEPEST:
            raise self._wrong(node, f"more than {MOST_VALUES} values, or nested deeper than {_DEEPEST}")
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            return dict(self._entries(node, depth))
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
            return [self.value(item, depth + 1) for item in node.value]
        if node.tag == _STR:
            return node.value
        if node.tag == _PLAIN:
            return self._plain(node)
        raise self._wrong(node, f"the tag `{node.tag}` is not taken; write the value itself")

    def _plain(self, node: yaml.Node) -> Any:
        value = plain_value(node.value)
        if isinstance(value, float) and not math.isfinite(value):
            raise self._wrong(node, f"`{node.value}` is no number that JSON has")
        if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
            raise self._wrong(node, f"`{node.value}` is too large; write it in quotes")
        return value

    def _entries(self, node: yaml.MappingNode, depth: int) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self.value(key_node, depth + 1)
            if key == "<<" and key_node.tag == _PLAIN:
                raise self._wrong(key_node, "merge keys are not YAML 1.2; write the fields out")
            if not isinstance(key, str):
                raise self._wrong(key_node, "a key is text; write it in quotes")
            if key in seen:
                raise self._wrong(key_node, f"`{key}` stands here again; first in line {seen[key]}")
            seen[key] = key_node.start_mark.line + 1
            yield key, self.value(value_node, depth + 1)

    def _wrong(self, node: yaml.Node, what: str) -> TenutoError:
        return TenutoError(YAML_BROKEN, f"{_place(self._name, node.start_mark)}: {what}")


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        place = _place_of(before, len(before), name)
        raise TenutoError(YAML_BROKEN, f"{place}: not UTF-8 (byte 0x{content[error.start]:02x})") from None


def _explained(error: yaml.MarkedYAMLError, name: str) -> TenutoError:
    """Say where and what, in one sentence: the library spreads it over four lines."""
    mark = error.problem_mark or error.context_mark
    where = _place(name, mark) if mark is not None else name
    told = error.problem or error.context or "cannot be read"
    if "'\\t'" in told:
        told += "; indent with spaces"
    if error.context and error.context_mark is not None and error.problem:
        told += f" ({error.context} that begins in line {error.context_mark.line + 1})"
    return TenutoError(YAML_BROKEN, f"{where}: {told}")


def _place(name: str, mark: Any) -> Place:
    return Place(name, mark.line + 1, mark.column + 1)


def _place_of(text: str, position: int, name: str) -> Place:
    line_start = text.rfind("\n", 0, position) + 1
    return Place(name, text.count("\n", 0, position) + 1, position - line_start + 1)
