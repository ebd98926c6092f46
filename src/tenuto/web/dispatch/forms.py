"""Forms and queries: from pairs of text to a typed value, with every problem named, field by field."""

from __future__ import annotations

import difflib
import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from tenuto.core.decoding import choices_of
from tenuto.core.errors import INVALID_VALUE, UNKNOWN_FIELD, TenutoError
from tenuto.web.errors import BODY_MALFORMED, FORM_INVALID

T = TypeVar("T", bound=msgspec.Struct)
_MOST_FIELDS = 1_000

# What msgspec says -> what is wrong, as a key of the catalogue. The first group is the limit.
_PROBLEMS = (
    (re.compile(r"`str` of length >= (\d+)"), "form.too_short"),
    (re.compile(r"`str` of length <= (\d+)"), "form.too_long"),
    (re.compile(r"`(?:int|float|decimal)` >=? ?([-\d.]+)"), "form.too_small"),
    (re.compile(r"`(?:int|float|decimal)` <=? ?([-\d.]+)"), "form.too_large"),
    (re.compile(r"Expected `(?:int|float|decimal)`"), "form.not_a_number"),
    (re.compile(r"Invalid enum value"), "form.not_a_choice"),
    (re.compile(r"matching regex"), "form.wrong_shape"),
    (re.compile(r"RFC3339|ISO8601"), "form.not_a_date"),
)


class FieldProblem(msgspec.Struct, frozen=True):
    """What is wrong with one field: a key of the catalogue, what fills its places, and the English of it."""

    key: str
    values: dict[str, str]
    english: str


def read_pairs(content: bytes) -> list[tuple[str, str]]:
    """Read ``application/x-www-form-urlencoded`` bytes. Raises INVALID unless they are well-formed UTF-8."""
    try:
        text = content.decode("ascii")
        return parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=bool(text),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:  # UnicodeDecodeError is one
        raise TenutoError(BODY_MALFORMED, f"not a well-formed form: {error}") from None


def decode_pairs(pairs: list[tuple[str, str]], kind: type[T]) -> T:
    """Read pairs as ``kind``. An empty value counts as not given; a field given twice must be a list.

    Raises FORM_INVALID with one ``FieldProblem`` per field in the context.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, [])
        if value:
            given[name].append(value)
    values: dict[str, Any] = {}
    problems = {name: _unknown(name, list(fields)) for name in given if name not in fields}
    for name, field in fields.items():
        problem = _take(field, given.get(name, []), values)
        if problem is not None:
            problems[name] = problem
    if problems:
        raise _form_error(problems)
    return kind(**values)


def _take(field: Any, texts: list[str], values: dict[str, Any]) -> FieldProblem | None:
    """Convert the texts of one field into ``values``, or return what is wrong with them."""
    if not texts:
        return FieldProblem("form.required", {}, "required") if field.required else None
    if len(texts) > 1 and not _is_list(field.type):
        return FieldProblem("form.given_twice", {}, "given more than once")
    try:
        raw = texts if _is_list(field.type) else texts[0]
        values[field.name] = msgspec.convert(raw, field.type, strict=False)
    except msgspec.ValidationError as error:
        told = f"; one of {', '.join(choices)}" if (choices := choices_of(field.type)) else ""
        return _explained(str(error).partition(" - at ")[0] + told)
    return None


def _is_list(kind: Any) -> bool:
    info = msgspec.inspect.type_info(kind)
    return isinstance(info, msgspec.inspect.ListType | msgspec.inspect.VarTupleType | msgspec.inspect.SetType)


def _explained(english: str) -> FieldProblem:
    for pattern, key in _PROBLEMS:
        found = pattern.search(english)
        if found is not None:
            return FieldProblem(key, {"limit": found[1]} if found.groups() else {}, english)
    return FieldProblem("form.wrong", {}, english)


def _unknown(name: str, known: list[str]) -> FieldProblem:
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean `{nearest[0]}`?" if nearest else f"known here: {', '.join(known) or 'none'}"
    return FieldProblem("form.unknown", {}, f"unknown; {hint}")


def _form_error(problems: dict[str, FieldProblem]) -> TenutoError:
    detail = "; ".join(f"`{name}`: {problem.english}" for name, problem in problems.items())
    return TenutoError(FORM_INVALID, detail, fields=problems)


def decode_query(query_string: bytes, kind: type[T] | None) -> T | None:
    """Read a query as ``kind``; without a kind no parameter is taken. Raises like the JSON side."""
    pairs = read_pairs(query_string)
    if kind is None:
        if pairs:
            raise TenutoError(
                UNKNOWN_FIELD, f"`{pairs[0][0]}`: this address takes no query", field=pairs[0][0]
            )
        return None
    try:
        return decode_pairs(pairs, kind)
    except TenutoError as error:
        problems: dict[str, FieldProblem] = error.context["fields"]
        name, problem = next(iter(problems.items()))
        fault = UNKNOWN_FIELD if problem.key == "form.unknown" else INVALID_VALUE
        raise TenutoError(fault, error.detail, field=name) from None
