"""Requests: what is not edited stays as it was, and what is said in one format is said in the other."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tenuto.adapters.providers.anthropic import Anthropic
from tenuto.adapters.providers.openai import OpenAI
from tenuto.core.errors import TenutoError
from tenuto.gateway.document import read_fields, write_fields
from tenuto.gateway.formats.chat_completions import ChatCompletions
from tenuto.gateway.formats.format import CallerFormat
from tenuto.gateway.formats.messages import Messages
from tenuto.gateway.ports import Dialect
from tenuto.gateway.text_spans import spans_of, with_spans
from tenuto.gateway.words.calls import ProviderRequest
from tenuto.gateway.words.chat import (
    ChatRequest,
    Image,
    Role,
    Text,
    Tool,
    ToolChoice,
    ToolMode,
    ToolResult,
    ToolUse,
    Turn,
)
from tenuto.gateway.words.routing import Operation

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
names = st.text("abcdefgh_", min_size=1, max_size=8)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            texts | st.sampled_from(["input", "metadata", "name", "content", "data", "type"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
documents = st.dictionaries(texts, json_values, max_size=4)


@given(documents)
def test_a_document_nobody_edits_keeps_every_field(document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    fields = read_fields(body)
    kept = with_spans(fields, spans_of(fields))
    assert kept is fields
    for name, raw in read_fields(write_fields(kept)).items():
        assert bytes(raw) == bytes(fields[name])


@given(documents)
def test_every_replaced_text_and_nothing_else_is_replaced(document: dict[str, Any]) -> None:
    fields = read_fields(json.dumps(document).encode())
    spans = spans_of(fields)
    replaced = with_spans(fields, [f"({text})" for text in spans])
    assert spans_of(replaced) == [f"({text})" for text in spans]


@example(b'{"":0,"":[1e400]}')
@given(st.binary(max_size=60))
def test_no_body_is_worse_than_refused(body: bytes) -> None:
    try:
        fields = read_fields(body)
        spans_of(fields)
    except TenutoError as error:
        assert error.detail  # noqa: PT017  # either outcome is right; a refusal must explain itself
    else:
        assert isinstance(json.loads(body.decode()), dict)  # which knows numbers too large for a float


arguments = st.dictionaries(names, texts | st.integers(-1000, 1000), max_size=3).map(json.dumps)
images = st.builds(Image, st.just("image/png"), st.just("aGVsbG8=")) | st.builds(
    Image, url=st.just("https://x.test/i.png")
)
user_turns = st.builds(
    Turn, st.just(Role.USER), st.lists(st.builds(Text, texts) | images, min_size=1, max_size=3).map(tuple)
)
assistant_turns = st.builds(
    lambda text, uses: Turn(Role.ASSISTANT, (Text(text), *uses)),
    texts,
    st.lists(st.builds(ToolUse, names, names, arguments), max_size=2),
)
result_turns = st.builds(
    lambda results: Turn(Role.USER, tuple(results)),
    st.lists(st.builds(ToolResult, names, st.tuples(st.builds(Text, texts))), min_size=1, max_size=2),
)
tools = st.lists(
    st.builds(
        lambda name, about: Tool(name, about, msgspec.Raw(b'{"type":"object"}')), names, st.none() | texts
    ),
    min_size=1,
    max_size=2,
)
choices = st.builds(ToolChoice, st.sampled_from([None, ToolMode.AUTO, ToolMode.REQUIRED])) | st.builds(
    ToolChoice, st.just(ToolMode.NAMED), names
)
requests = st.builds(
    lambda turns, system, tools, choice, limit, heat, stop: ChatRequest(
        tuple(turns), (system,), tuple(tools), choice, limit, heat, None, tuple(stop)
    ),
    st.lists(user_turns | assistant_turns | result_turns, min_size=1, max_size=5),
    texts,
    tools,
    choices,
    st.integers(1, 1000),
    st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    st.lists(texts, max_size=2),
)
FORMATS: dict[str, tuple[CallerFormat, Dialect]] = {
    "chat_completions": (ChatCompletions(), OpenAI()),
    "messages": (Messages(), Anthropic()),
}


@pytest.mark.parametrize("name", FORMATS)
@given(request_made=requests)
@pytest.mark.capability("G1")
def test_a_written_request_reads_back_as_the_same_conversation(name: str, request_made: ChatRequest) -> None:
    form, dialect = FORMATS[name]
    profile = next(iter(dialect.profiles.values()))
    call = dialect.encode(ProviderRequest(Operation.CHAT, "m", stream=False, chat=request_made), profile)
    read = form.chat(read_fields(call.body))
    assert conversation(read) == conversation(request_made)
    assert read.system == request_made.system
    assert [(tool.name, tool.description) for tool in read.tools] == [
        (tool.name, tool.description) for tool in request_made.tools
    ]
    assert read.tool_choice == request_made.tool_choice
    assert (read.max_tokens, read.temperature, read.stop) == (
        request_made.max_tokens,
        request_made.temperature,
        request_made.stop,
    )
    assert read.lost == ()
    assert read.binding == ()


def conversation(request: ChatRequest) -> list[Any]:
    """Say what matters of the turns: formats join neighbours and put results first, and mean the same."""
    flat: list[tuple[Role, Any]] = []
    for role, turns in groupby(request.turns, key=lambda turn: turn.role):
        parts = [part for turn in turns for part in turn.parts]
        parts.sort(key=lambda part: not isinstance(part, ToolResult))
        flat += [(role, _plain(part)) for part in parts]
    return flat


def _plain(part: Any) -> Any:
    if isinstance(part, ToolUse):
        return (part.id, part.name, json.loads(part.arguments))
    return part
