"""Answers that no honest server gives: they count as malformed or as uncounted, and nothing breaks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenuto.adapters.providers.anthropic import Anthropic
from tenuto.adapters.providers.openai import OpenAI
from tenuto.gateway.errors import UPSTREAM_MALFORMED, UPSTREAM_REJECTED
from tenuto.gateway.ports import Dialect
from tenuto.gateway.stream.sse import sse
from tenuto.gateway.stream.tally import Tally
from tenuto.gateway.words.accounting import MOST_TOKENS, Usage, UsageSource
from tenuto.gateway.words.calls import ProviderRequest
from tenuto.gateway.words.routing import Operation

pytestmark = pytest.mark.capability("G9")

DIALECTS: list[tuple[str, Dialect]] = [("openai", OpenAI()), ("anthropic", Anthropic())]
NEST = b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
ODD = [-1, -1_000_000, MOST_TOKENS + 1, 9 * 10**18, 10**30, 1.5, True, "7", [1], {"x": 1}]
ESTIMATED = Usage(40, 2, source=UsageSource.ESTIMATED)


def tally_of(
    dialect: Dialect, profile: str, body: bytes, *, streamed: bool, operation: Operation = Operation.CHAT
) -> Tally:
    request = ProviderRequest(operation, "m", stream=streamed)
    decoder = dialect.decoder(request, dialect.profiles[profile], streamed=streamed)
    tally = Tally()
    for frame in [*decoder.feed(body), *decoder.close()]:
        tally.note(frame.events)
    return tally


def openai_answer(usage: Any) -> bytes:
    choice = {"index": 0, "message": {"content": "abcdefg"}, "finish_reason": "stop"}
    return json.dumps({"id": "x", "model": "m", "choices": [choice], "usage": usage}).encode()


def openai_chunks(usage: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": "abcdefg"}, "finish_reason": "stop"}
    return sse(json.dumps({"choices": [choice], "usage": usage}).encode()) + sse(b"[DONE]")


def anthropic_answer(usage: Any) -> bytes:
    content = [{"type": "text", "text": "abcdefg"}]
    return json.dumps({"content": content, "stop_reason": "end_turn", "usage": usage}).encode()


def anthropic_events(usage: Any) -> bytes:
    delta = {"type": "text_delta", "text": "abcdefg"}
    return b"".join(
        sse(json.dumps(event).encode())
        for event in (
            {"type": "message_start", "message": {"usage": usage}},
            {"type": "content_block_delta", "delta": delta},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
            {"type": "message_stop"},
        )
    )


@pytest.mark.parametrize("odd", [*ODD, None], ids=repr)
def test_a_count_that_cannot_be_one_is_estimated_and_says_so(odd: Any) -> None:
    openai, anthropic = DIALECTS[0][1], DIALECTS[1][1]
    counts = {"prompt_tokens": odd, "completion_tokens": odd}
    for streamed, body in ((False, openai_answer(counts)), (True, openai_chunks(counts))):
        assert tally_of(openai, "openai", body, streamed=streamed).usage(40) == ESTIMATED
    counts = {"input_tokens": odd, "output_tokens": odd}
    for streamed, body in ((False, anthropic_answer(counts)), (True, anthropic_events(counts))):
        assert tally_of(anthropic, "anthropic", body, streamed=streamed).usage(40) == ESTIMATED


@pytest.mark.parametrize("usage", ["lots", 7, [], [1], {"prompt_tokens_details": "x"}, {}], ids=repr)
def test_a_usage_of_another_shape_is_no_usage(usage: Any) -> None:
    for streamed, body in ((False, openai_answer(usage)), (True, openai_chunks(usage))):
        tally = tally_of(DIALECTS[0][1], "openai", body, streamed=streamed)
        assert tally.ended
        assert tally.usage(40) == ESTIMATED
    for streamed, body in ((False, anthropic_answer(usage)), (True, anthropic_events(usage))):
        assert tally_of(DIALECTS[1][1], "anthropic", body, streamed=streamed).usage(40) == ESTIMATED


def test_a_wrong_part_spoils_itself_and_the_sum_it_belongs_to() -> None:
    details = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 10**9}}
    tally = tally_of(DIALECTS[0][1], "openai", openai_answer(details), streamed=False)
    assert tally.usage(40) == Usage(9, 3, 9)
    cached = {"input_tokens": 9, "output_tokens": 3, "cache_read_input_tokens": -5}
    tally = tally_of(DIALECTS[1][1], "anthropic", anthropic_answer(cached), streamed=False)
    assert tally.usage(40) == Usage(40, 3, source=UsageSource.ESTIMATED)


def test_embeddings_are_counted_without_an_output() -> None:
    body = b'{"data":[],"usage":{"prompt_tokens":5,"total_tokens":5}}'
    tally = tally_of(DIALECTS[0][1], "openai", body, streamed=False, operation=Operation.EMBEDDINGS)
    assert tally.usage(40) == Usage(5, 0)


@pytest.mark.capability("G5")
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("profile", "dialect"), DIALECTS)
def test_nesting_beyond_reason_is_a_malformed_answer(profile: str, dialect: Dialect, streamed: bool) -> None:
    tally = tally_of(dialect, profile, sse(NEST) if streamed else NEST, streamed=streamed)
    assert tally.failure is not None
    assert tally.failure.fault is UPSTREAM_MALFORMED


@pytest.mark.capability("G5")
@pytest.mark.parametrize(("profile", "dialect"), DIALECTS)
def test_a_refusal_that_cannot_be_read_is_a_refusal(profile: str, dialect: Dialect) -> None:
    fault = dialect.fault(400, {"retry-after": "9" * 5000}, NEST)
    assert fault.fault is UPSTREAM_REJECTED
    assert fault.retry_after == 3600
