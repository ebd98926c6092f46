"""However bytes are cut, whatever the formats: the same answer comes out."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.providers.anthropic import Anthropic
from tenuto.adapters.providers.openai import OpenAI
from tenuto.gateway.formats.chat_completions import ChatCompletions
from tenuto.gateway.formats.format import CallerFormat
from tenuto.gateway.formats.messages import Messages
from tenuto.gateway.ports import Dialect, MakeRestorer
from tenuto.gateway.stream.relay import Wanted, relay_for
from tenuto.gateway.stream.sse import SseSplitter
from tenuto.gateway.stream.tally import Fold, Tally
from tenuto.gateway.words.accounting import Usage, UsageReport
from tenuto.gateway.words.answer import (
    Answer,
    AnswerEvent,
    Begun,
    Counted,
    Ended,
    Finished,
    StopReason,
    TextPiece,
    ToolBegun,
    ToolPiece,
)
from tenuto.gateway.words.calls import ProviderRequest
from tenuto.gateway.words.routing import Operation
from tenuto.testing.gateway_ports import ReplacingGuard
from tenuto.testing.provider_simulator import chat_completions, messages
from tenuto.testing.provider_simulator.words import Counted as SimulatedCount
from tenuto.testing.provider_simulator.words import Reply, ToolCall

SECRET = "jean@exemple.fr"
PLACEHOLDER = "<MASKED_1>"
FORMATS: dict[str, tuple[CallerFormat, Dialect]] = {
    "chat_completions": (ChatCompletions(), OpenAI()),
    "messages": (Messages(), Anthropic()),
}
# Surrogates are no text; a provider cannot send them.
texts = st.text(st.characters(codec="utf-8"), max_size=30)
answers = st.builds("".join, st.lists(texts | st.just(PLACEHOLDER) | st.just("<MASK"), max_size=6))
arguments = st.dictionaries(texts, texts | st.integers() | st.just(PLACEHOLDER), max_size=3)
calls = st.lists(arguments, max_size=3)
counts = st.integers(0, 10_000)


@st.composite
def cut(draw: st.DrawFn, body: bytes) -> list[bytes]:
    places = draw(st.lists(st.integers(0, len(body)), max_size=12).map(sorted))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    made = [
        ToolCall(f"call_{index}", f"tool_{index}", json.dumps(given, ensure_ascii=False))
        for index, given in enumerate(draw(calls))
    ]
    return Reply("1", "m", draw(answers), tuple(made), SimulatedCount(draw(counts), draw(counts)))


def restorer() -> MakeRestorer:
    return ReplacingGuard([SECRET]).protect([SECRET]).stream


def simulated(name: str, reply: Reply) -> bytes:
    if name == "messages":
        return b"".join(messages.stream(reply, silent=False))
    return b"".join(chat_completions.stream(reply, silent=False, wants_usage=True))


def decoded(dialect: Dialect, pieces: Iterable[bytes], *, streamed: bool = True) -> list[AnswerEvent]:
    request = ProviderRequest(Operation.CHAT, "m", stream=streamed)
    profile = next(iter(dialect.profiles.values()))
    decoder = dialect.decoder(request, profile, streamed=streamed)
    frames = [frame for piece in pieces for frame in decoder.feed(piece)] + decoder.close()
    return [event for frame in frames for event in frame.events]


def relayed(
    upstream: str, caller: str, pieces: Iterable[bytes], *, restores: bool = False, stream: bool = True
) -> bytes:
    form, _ = FORMATS[caller]
    _, dialect = FORMATS[upstream]
    tally = Tally()
    relay = relay_for(
        form,
        Wanted(stream, shows_usage=True, created=1, input_estimate=1),
        tally,
        restorer() if restores else None,
        same_format=upstream == caller,
        streamed=True,
    )
    profile = next(iter(dialect.profiles.values()))
    decoder = dialect.decoder(ProviderRequest(Operation.CHAT, "m", stream=True), profile, streamed=True)
    written = b""
    for piece in pieces:
        for frame in decoder.feed(piece):
            tally.note(frame.events)
            written += relay.take(frame)
    assert decoder.close() == []
    return written


def answer_of(events: Iterable[AnswerEvent]) -> Answer:
    fold = Fold()
    fold.add(events)
    return fold.answer()


def said(answer: Answer) -> tuple[str, list[tuple[str, object]]]:
    text = "".join(block.text for block in answer.blocks if hasattr(block, "text"))
    tools = [
        (block.name, json.loads(block.arguments or "{}")) for block in answer.blocks if hasattr(block, "name")
    ]
    return text, tools


def usage_of(events: Iterable[AnswerEvent]) -> Usage:
    tally = Tally()
    tally.note(events)
    return tally.usage(0)


WAYS = pytest.mark.parametrize(
    ("upstream", "caller"), [(upstream, caller) for upstream in FORMATS for caller in FORMATS]
)


@WAYS
@pytest.mark.parametrize("restores", [False, True])
@given(data=st.data())
def test_any_cut_of_a_stream_gives_the_same_bytes(
    upstream: str, caller: str, restores: bool, data: st.DataObject
) -> None:
    body = simulated(upstream, data.draw(replies()))
    whole = relayed(upstream, caller, [body], restores=restores)
    assert relayed(upstream, caller, data.draw(cut(body)), restores=restores) == whole


@WAYS
@given(reply=replies())
def test_a_stream_says_the_same_in_every_format(upstream: str, caller: str, reply: Reply) -> None:
    original = decoded(FORMATS[upstream][1], [simulated(upstream, reply)])
    written = relayed(upstream, caller, [simulated(upstream, reply)])
    read = decoded(FORMATS[caller][1], [written])
    assert isinstance(read[-1], Ended)
    assert said(answer_of(read)) == said(answer_of(original))
    assert answer_of(read).stop is answer_of(original).stop
    assert usage_of(read) == usage_of(original)


@WAYS
@given(reply=replies())
def test_a_stream_folded_into_one_body_says_the_same(upstream: str, caller: str, reply: Reply) -> None:
    original = decoded(FORMATS[upstream][1], [simulated(upstream, reply)])
    body = relayed(upstream, caller, [simulated(upstream, reply)], stream=False)
    read = decoded(FORMATS[caller][1], [body], streamed=False)
    assert said(answer_of(read)) == said(answer_of(original))
    assert usage_of(read) == usage_of(original)


@WAYS
@pytest.mark.capability("G12")
@given(reply=replies())
def test_every_placeholder_is_restored_and_nothing_else_changes(
    upstream: str, caller: str, reply: Reply
) -> None:
    text, tools = said(answer_of(decoded(FORMATS[upstream][1], [simulated(upstream, reply)])))
    written = relayed(upstream, caller, [simulated(upstream, reply)], restores=True)
    read_text, read_tools = said(answer_of(decoded(FORMATS[caller][1], [written])))
    assert read_text == text.replace(PLACEHOLDER, SECRET)
    assert json.dumps(read_tools) == json.dumps(tools).replace(PLACEHOLDER, SECRET)


@WAYS
@given(reply=replies())
def test_a_stream_without_personal_data_keeps_its_bytes_in_its_format(
    upstream: str, caller: str, reply: Reply
) -> None:
    body = simulated(upstream, reply)
    if upstream == caller:
        assert relayed(upstream, caller, [body]) == body


@given(
    events=st.lists(
        st.sampled_from(["data: one", "data: two\nmore: x", ": comment", "event: e\ndata: 3", "data"]),
        max_size=8,
    ),
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=20, max_size=20),
    data=st.data(),
)
def test_events_are_cut_the_same_with_every_line_ending(
    events: list[str], ends: list[str], data: st.DataObject
) -> None:
    # A lone CR as the very last byte is left out: only what follows tells whether an LF belongs to it.
    endings = iter(ends)
    body = "".join(
        f"{event.replace(chr(10), next(endings))}{(end := next(endings))}{end}" for event in events
    ).encode()
    body += b": end\n\n"
    whole = SseSplitter().feed(body)
    splitter = SseSplitter()
    assert [block for piece in data.draw(cut(body)) for block in splitter.feed(piece)] == whole
    assert b"".join(block.raw for block in whole) == body
    assert [block.data for block in whole if block.data is not None] == [
        {"data: one": b"one", "data: two\nmore: x": b"two", "event: e\ndata: 3": b"3", "data": b""}[event]
        for event in events
        if event != ": comment"
    ]


reports = st.builds(
    UsageReport,
    st.none() | counts,
    st.none() | counts,
    st.none() | counts,
    st.none() | counts,
    st.none() | counts,
    st.booleans(),
)


@given(reports, reports, reports)
def test_reports_may_be_joined_in_any_grouping(
    first: UsageReport, second: UsageReport, third: UsageReport
) -> None:
    assert first.then(second).then(third) == first.then(second.then(third))


@given(st.lists(st.tuples(texts, st.booleans()), max_size=6), st.sampled_from(StopReason))
@pytest.mark.parametrize("caller", FORMATS)
def test_written_events_read_back_as_they_were(
    caller: str, pieces: list[tuple[str, bool]], stop: StopReason
) -> None:
    events: list[AnswerEvent] = [Begun("id", "m")]
    for index, (text, tool) in enumerate(pieces):
        if tool:
            events += [ToolBegun(index, f"c{index}", "t"), ToolPiece(index, json.dumps({"text": text}))]
        elif text:
            events.append(TextPiece(text))
    events += [Finished(stop), Counted(UsageReport(3, 4)), Ended()]
    form, dialect = FORMATS[caller]
    written = form.renderer(created=1, shows_usage=True).render(events)
    assert said(answer_of(decoded(dialect, [written]))) == said(answer_of(events))
