from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from tenuto.core.decoding import convert, decode_json
from tenuto.core.errors import TenutoError


class Upstream(msgspec.Struct, forbid_unknown_fields=True):
    provider: str
    model: str = ""


class Route(msgspec.Struct, forbid_unknown_fields=True):
    upstreams: list[Upstream]
    first: Upstream | None = None
    named: dict[str, Upstream] = {}


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (
            b'{"upstreams":[{"provder":"x"}]}',
            "core.unknown_field",
            "`upstreams[0].provder`: did you mean `provider`?",
        ),
        (b'{"upstreems":[]}', "core.unknown_field", "did you mean `upstreams`?"),
        (
            b'{"upstreams":[],"first":{"provider":"x","modle":"y"}}',
            "core.unknown_field",
            "did you mean `model`?",
        ),
        (b'{"upstreams":[],"named":{"a":{"modle":"y"}}}', "core.unknown_field", "did you mean `model`?"),
        (b'{"upstreams":[],"zzzz":1}', "core.unknown_field", "known here: first, named, upstreams"),
        (b'{"upstreams":[{"provider":1}]}', "core.invalid_value", "upstreams[0].provider: Expected `str`"),
        (b'{"ups', "core.invalid_value", "not valid JSON"),
        (b'{"upstreams":[{"provider":"\xff"}]}', "core.invalid_value", "not valid JSON"),
        (b"[]", "core.invalid_value", "Expected `object`"),
    ],
)
def test_the_first_mistake_is_named_with_its_place(content: bytes, code: str, says: str) -> None:
    with pytest.raises(TenutoError) as caught:
        decode_json(content, Route)
    assert caught.value.fault.code == code
    assert says in caught.value.detail


def test_plain_values_are_read_like_json() -> None:
    assert convert({"upstreams": [{"provider": "a"}]}, Route) == Route([Upstream("a")])
    with pytest.raises(TenutoError, match="did you mean"):
        convert({"upstreams": [], "frist": None}, Route)


class Span(Enum):
    DAY = "day"
    MONTH = "month"


class Choosing(msgspec.Struct, forbid_unknown_fields=True):
    span: Span = Span.DAY
    noted: Annotated[Span, msgspec.Meta(description="a note")] = Span.DAY
    perhaps: Span | None = None
    days: Literal[7, 30] | None = None
    several: tuple[Span, ...] = ()
    pair: tuple[int, Span] = (1, Span.DAY)
    by: dict[Span, Span] = {}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"span": "week"}, "span: Invalid enum value 'week'; one of `day`, `month`"),
        ({"noted": "week"}, "noted: Invalid enum value 'week'; one of `day`, `month`"),
        ({"perhaps": "week"}, "perhaps: Invalid enum value 'week'; one of `day`, `month`"),
        ({"days": 3}, "days: Invalid enum value 3; one of `7`, `30`"),
        ({"several": ["day", "week"]}, "several[1]: Invalid enum value 'week'; one of `day`, `month`"),
        ({"pair": [1, "week"]}, "pair[1]: Invalid enum value 'week'; one of `day`, `month`"),
        ({"by": {"day": "week"}}, "by[...]: Invalid enum value 'week'; one of `day`, `month`"),
        ({"by": {"week": "day"}}, "a key of by: Invalid enum value 'week'; one of `day`, `month`"),
    ],
)
def test_where_one_of_a_few_values_is_wanted_they_are_named(value: dict[str, Any], said: str) -> None:
    with pytest.raises(TenutoError) as caught:
        convert(value, Choosing)
    assert caught.value.detail == said
    assert caught.value.context["field"] in said
