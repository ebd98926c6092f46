"""The official clients of both formats, against upstreams of both dialects, all four ways."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest

from support.gateway_host import KEY, PERSONAL, Gateway, SimulatorProcess, route, upstream
from tenuto.core.words import Effect, Verdict
from tenuto.gateway.words.accounting import UsageSource
from tenuto.gateway.words.routing import Operation

pytestmark = [pytest.mark.system, pytest.mark.capability("G1")]

DIALECTS = pytest.mark.parametrize("dialect", ["openai", "anthropic"])
STREAMS = pytest.mark.parametrize("stream", [False, True])
WEATHER = {
    "type": "object",
    "properties": {"place": {"type": "string"}},
    "required": ["place"],
}
QUESTION = f"Use get_weather for {PERSONAL[0]}, please"
PICTURE = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture(scope="module")
def simulator(simulators: Callable[..., SimulatorProcess]) -> SimulatorProcess:
    return simulators()


@pytest.fixture(scope="module")
def gateway(gateways: Callable[..., Gateway], simulator: SimulatorProcess) -> Gateway:
    url = simulator.url
    return gateways(
        [
            *(route(dialect, upstream(url, dialect)) for dialect in ("openai", "anthropic")),
            *(
                route(f"{dialect}-silent", upstream(url, dialect, "m+silent"))
                for dialect in ("openai", "anthropic")
            ),
            *(
                route(f"{dialect}-cached", upstream(url, dialect, "m+cached"))
                for dialect in ("openai", "anthropic")
            ),
            route("openai-whole", upstream(url, "openai", "m+whole")),
            route("capped", upstream(url, "openai"), output_cap=2),
            route("rejected", upstream(url, "openai", "m+400")),
            route("chat-only", upstream(url, "openai"), operations=(Operation.CHAT,)),
            route("forbidden", upstream(url, "openai")),
        ]
    )


@pytest.fixture(scope="module")
def chat(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def claude(gateway: Gateway) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=f"{gateway.url}/anthropic", api_key=KEY, max_retries=0) as client:
        yield client


@DIALECTS
def test_chat_completions(chat: openai.OpenAI, simulator: SimulatorProcess, dialect: str) -> None:
    answer = chat.chat.completions.create(
        model=dialect,
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": f"I am {PERSONAL[0]}"},
        ],
        temperature=0.5,
    )
    assert answer.choices[0].message.content == f'You said: "I am {PERSONAL[0]}"'
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (5, 5)
    received = json.dumps(simulator.lines()[-1]["body"])
    assert PERSONAL[0] not in received
    assert "<MASKED_1>" in received


@DIALECTS
@pytest.mark.parametrize("asks_usage", [False, True])
def test_chat_completions_streamed(chat: openai.OpenAI, dialect: str, asks_usage: bool) -> None:
    options: openai.types.chat.ChatCompletionStreamOptionsParam = {"include_usage": asks_usage}
    stream = chat.chat.completions.create(
        model=dialect,
        messages=[{"role": "user", "content": f"I am {PERSONAL[0]}"}],
        stream=True,
        stream_options=options if asks_usage else openai.omit,
    )
    chunks = list(stream)
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == f'You said: "I am {PERSONAL[0]}"'
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == ([8] if asks_usage else [])
    assert all(chunk.choices for chunk in chunks) is not asks_usage


@DIALECTS
def test_messages(claude: anthropic.Anthropic, simulator: SimulatorProcess, dialect: str) -> None:
    answer = claude.messages.create(
        model=dialect,
        max_tokens=100,
        system="Be brief.",
        messages=[{"role": "user", "content": f"I am {PERSONAL[0]}"}],
    )
    assert answer.content[0].type == "text"
    assert answer.content[0].text == f'You said: "I am {PERSONAL[0]}"'
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (5, 5)
    assert PERSONAL[0] not in json.dumps(simulator.lines()[-1]["body"])


@DIALECTS
def test_messages_streamed(claude: anthropic.Anthropic, dialect: str) -> None:
    messages: list[anthropic.types.MessageParam] = [{"role": "user", "content": f"I am {PERSONAL[0]}"}]
    with claude.messages.stream(model=dialect, max_tokens=100, messages=messages) as stream:
        said = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert said == f'You said: "I am {PERSONAL[0]}"'
    assert (final.usage.input_tokens, final.usage.output_tokens) == (3, 5)
    assert final.stop_reason == "end_turn"


@DIALECTS
@STREAMS
def test_tools_of_chat_completions(chat: openai.OpenAI, dialect: str, stream: bool) -> None:
    """The model calls, the caller answers with the result, the model reports it."""
    function = {"name": "get_weather", "description": "the weather", "parameters": WEATHER}
    tools: list[openai.types.chat.ChatCompletionToolParam] = [{"type": "function", "function": function}]  # type: ignore[typeddict-item]
    asked: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]
    if stream:
        with chat.chat.completions.stream(model=dialect, messages=asked, tools=tools) as events:
            message = events.get_final_completion().choices[0].message
    else:
        answer = chat.chat.completions.create(model=dialect, messages=asked, tools=tools, tool_choice="auto")
        assert answer.choices[0].finish_reason == "tool_calls"
        message = answer.choices[0].message  # type: ignore[assignment]
    assert message.tool_calls is not None
    call = message.tool_calls[0]
    assert call.type == "function"
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"place": QUESTION}
    arguments = {"name": "get_weather", "arguments": call.function.arguments}
    again = chat.chat.completions.create(
        model=dialect,
        tools=tools,
        messages=[
            *asked,
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": call.id, "type": "function", "function": arguments}],  # type: ignore[typeddict-item]
            },
            {"role": "tool", "tool_call_id": call.id, "content": f"rain on {PERSONAL[1]}"},
        ],
    )
    assert again.choices[0].message.content == f'The tool said: "rain on {PERSONAL[1]}"'


@DIALECTS
@STREAMS
def test_tools_of_messages(claude: anthropic.Anthropic, dialect: str, stream: bool) -> None:
    tools: list[anthropic.types.ToolParam] = [
        {"name": "get_weather", "description": "the weather", "input_schema": WEATHER}  # type: ignore[typeddict-item]
    ]
    asked: list[anthropic.types.MessageParam] = [{"role": "user", "content": QUESTION}]
    if stream:
        with claude.messages.stream(model=dialect, max_tokens=100, messages=asked, tools=tools) as events:
            answer = events.get_final_message()
    else:
        answer = claude.messages.create(model=dialect, max_tokens=100, messages=asked, tools=tools)  # type: ignore[assignment]
    assert answer.stop_reason == "tool_use"
    call = answer.content[0]
    assert call.type == "tool_use"
    assert (call.name, call.input) == ("get_weather", {"place": QUESTION})
    again = claude.messages.create(
        model=dialect,
        max_tokens=100,
        tools=tools,
        messages=[
            *asked,
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.input}],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": call.id, "content": f"rain on {PERSONAL[1]}"}
                ],
            },
        ],
    )
    assert again.content[0].type == "text"
    assert again.content[0].text == f'The tool said: "rain on {PERSONAL[1]}"'


@DIALECTS
@STREAMS
def test_parallel_tool_calls_stay_apart(
    claude: anthropic.Anthropic, chat: openai.OpenAI, dialect: str, stream: bool
) -> None:
    schema = {"type": "object", "properties": {"q": {"type": "string"}}}
    asked = "both tool_a and tool_b"
    with claude.messages.stream(
        model=dialect,
        max_tokens=100,
        messages=[{"role": "user", "content": asked}],
        tools=[{"name": name, "input_schema": schema} for name in ("tool_a", "tool_b")],  # type: ignore[typeddict-item]
    ) as events:
        uses = [
            (block.name, block.input)
            for block in events.get_final_message().content
            if block.type == "tool_use"
        ]
    assert uses == [("tool_a", {"q": asked}), ("tool_b", {"q": asked})]
    with chat.chat.completions.stream(
        model=dialect,
        messages=[{"role": "user", "content": asked}],
        tools=[
            {"type": "function", "function": {"name": name, "parameters": schema}}
            for name in ("tool_a", "tool_b")
        ],  # type: ignore[typeddict-item]
    ) as stream_events:
        calls = stream_events.get_final_completion().choices[0].message.tool_calls or []
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == uses


@pytest.mark.capability("G14")
@DIALECTS
def test_images_reach_both_dialects(chat: openai.OpenAI, simulator: SimulatorProcess, dialect: str) -> None:
    chat.chat.completions.create(
        model=dialect,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "what is this"},
                    {"type": "image_url", "image_url": {"url": PICTURE}},
                ],
            }
        ],
    )
    part = simulator.lines()[-1]["body"]["messages"][0]["content"][1]
    if dialect == "openai":
        assert part == {"type": "image_url", "image_url": {"url": PICTURE}}
    else:
        data = PICTURE.partition(",")[2]
        assert part["source"] == {"type": "base64", "media_type": "image/png", "data": data}


@pytest.mark.capability("G8")
@DIALECTS
def test_usage_a_provider_does_not_report_is_marked_as_estimated(
    chat: openai.OpenAI, gateway: Gateway, dialect: str
) -> None:
    for stream in (False, True):
        answer = chat.chat.completions.create(  # type: ignore[call-overload]
            model=f"{dialect}-silent", messages=[{"role": "user", "content": "hello there"}], stream=stream
        )
        if stream:
            list(answer)
    gateway.settled_once()
    last = [record.outcome.usage for record in gateway.call_log.records[-2:]]
    assert all(usage.source is UsageSource.ESTIMATED for usage in last)
    assert all(usage.input_tokens and usage.output_tokens for usage in last)


@pytest.mark.capability("G8")
@DIALECTS
def test_cached_tokens_are_counted_once(
    chat: openai.OpenAI, claude: anthropic.Anthropic, dialect: str
) -> None:
    question = "one two three four"
    shown = chat.chat.completions.create(
        model=f"{dialect}-cached", messages=[{"role": "user", "content": question}]
    )
    assert shown.usage is not None
    assert shown.usage.prompt_tokens_details is not None
    assert (shown.usage.prompt_tokens, shown.usage.prompt_tokens_details.cached_tokens) == (4, 2)
    answer = claude.messages.create(
        model=f"{dialect}-cached", max_tokens=100, messages=[{"role": "user", "content": question}]
    )
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens) == (2, 2)


def test_a_whole_answer_to_a_wish_for_a_stream_is_streamed(chat: openai.OpenAI) -> None:
    stream = chat.chat.completions.create(
        model="openai-whole", messages=[{"role": "user", "content": "hi"}], stream=True
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == 'You said: "hi"'


@pytest.mark.capability("G14")
def test_embeddings(chat: openai.OpenAI) -> None:
    one = chat.embeddings.create(model="openai", input="hello world")
    two = chat.embeddings.create(model="openai", input=["hello world", "x"], encoding_format="float")
    assert one.data[0].embedding == pytest.approx(two.data[0].embedding)
    assert (one.usage.prompt_tokens, two.usage.prompt_tokens) == (2, 3)
    with pytest.raises(openai.BadRequestError, match="untranslatable"):
        chat.embeddings.create(model="anthropic", input="x")
    with pytest.raises(openai.BadRequestError, match="operation_unsupported"):
        chat.embeddings.create(model="chat-only", input="x")


@pytest.mark.capability("G10")
def test_models_are_those_the_key_may_call(
    chat: openai.OpenAI, claude: anthropic.Anthropic, gateway: Gateway
) -> None:
    denied = Verdict(Effect.DENY, "not for this key", "team.rule", "1")
    gateway.snapshots.snapshot.verdicts["k1"]["route:forbidden"] = denied
    names = {model.id for model in chat.models.list()}
    assert names == {model.id for model in claude.models.list()}
    assert "openai" in names
    assert "forbidden" not in names
    assert chat.models.retrieve("openai").id == "openai"
    with pytest.raises(openai.NotFoundError):
        chat.models.retrieve("forbidden")
    with pytest.raises(openai.PermissionDeniedError, match=r"not for this key \(rule team\.rule\)"):
        chat.chat.completions.create(model="forbidden", messages=[{"role": "user", "content": "x"}])
    with pytest.raises(anthropic.PermissionDeniedError, match="call_forbidden"):
        claude.messages.create(model="forbidden", max_tokens=9, messages=[{"role": "user", "content": "x"}])


def test_errors_come_in_the_callers_own_format(
    gateway: Gateway, chat: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        chat.chat.completions.create(model="opnai", messages=[{"role": "user", "content": "x"}])
    assert unknown.value.code == "model_not_found"
    assert "the nearest is 'openai'" in unknown.value.message
    with pytest.raises(anthropic.NotFoundError, match="the nearest is 'anthropic'"):
        claude.messages.create(model="antropic", max_tokens=9, messages=[{"role": "user", "content": "x"}])
    wrong = chat.with_options(api_key="sk-k1-wrong")
    with pytest.raises(openai.AuthenticationError) as refused:
        wrong.chat.completions.create(model="openai", messages=[{"role": "user", "content": "x"}])
    assert refused.value.code == "invalid_api_key"
    with pytest.raises(anthropic.AuthenticationError):
        claude.with_options(api_key="nonsense").messages.create(
            model="openai", max_tokens=9, messages=[{"role": "user", "content": "x"}]
        )


def test_what_is_not_served_is_said_in_the_callers_own_format(
    chat: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    with pytest.raises(
        openai.NotFoundError, match=r"POST /v1/responses; served are .*/v1/embeddings"
    ) as unknown:
        chat.responses.create(model="openai", input="hi")
    assert (unknown.value.code, unknown.value.type) == ("unknown_url", "invalid_request_error")
    with pytest.raises(anthropic.NotFoundError, match="served are /v1/messages") as uncounted:
        claude.messages.count_tokens(model="openai", messages=[{"role": "user", "content": "hi"}])
    assert isinstance(uncounted.value.body, dict)
    assert uncounted.value.body["error"]["type"] == "not_found_error"


@DIALECTS
def test_a_demanded_tool_is_called(chat: openai.OpenAI, claude: anthropic.Anthropic, dialect: str) -> None:
    names = ["first", "second"]
    functions: Any = [
        {"type": "function", "function": {"name": name, "parameters": WEATHER}} for name in names
    ]
    named: Any = {"type": "function", "function": {"name": "second"}}
    choices: Any = (("required", "first"), (named, "second"))
    for choice, wanted in choices:
        answer = chat.chat.completions.create(
            model=dialect,
            messages=[{"role": "user", "content": "hi"}],
            tools=functions,
            tool_choice=choice,
        )
        calls = answer.choices[0].message.tool_calls or []
        assert [call.function.name for call in calls if call.type == "function"] == [wanted]
    tools: Any = [{"name": name, "input_schema": WEATHER} for name in names]
    demands: Any = (({"type": "any"}, "first"), ({"type": "tool", "name": "second"}, "second"))
    for asked, wanted in demands:
        said = claude.messages.create(
            model=dialect,
            max_tokens=50,
            messages=[{"role": "user", "content": "hi"}],
            tools=tools,
            tool_choice=asked,
        )
        assert [block.name for block in said.content if block.type == "tool_use"] == [wanted]


def test_a_providers_own_words_reach_callers_of_its_format(
    chat: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    with pytest.raises(openai.BadRequestError, match="simulated refusal"):
        chat.chat.completions.create(model="rejected", messages=[{"role": "user", "content": "x"}])
    with pytest.raises(anthropic.BadRequestError, match="simulated refusal"):
        claude.messages.create(model="rejected", max_tokens=9, messages=[{"role": "user", "content": "x"}])


def test_what_cannot_be_said_is_refused_or_named(chat: openai.OpenAI) -> None:
    messages: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "x"}]
    with pytest.raises(openai.BadRequestError, match=r"response_format.*untranslatable"):
        chat.chat.completions.create(
            model="anthropic", messages=messages, response_format={"type": "json_object"}
        )
    answer = chat.chat.completions.with_raw_response.create(model="anthropic", messages=messages, seed=7)
    assert answer.headers["x-tenuto-untranslated"] == "seed"


def test_no_answer_is_longer_than_its_route_allows(chat: openai.OpenAI, gateway: Gateway) -> None:
    answer = chat.chat.completions.create(model="capped", messages=[{"role": "user", "content": "a b c d e"}])
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 2
    assert list(gateway.ledger.settled.values())[-1].intent.output_limit == 2


def test_headers_tell_where_a_call_went(chat: openai.OpenAI) -> None:
    answer = chat.chat.completions.with_raw_response.create(
        model="openai", messages=[{"role": "user", "content": "x"}], extra_headers={"x-request-id": "mine-1"}
    )
    assert answer.headers["x-tenuto-route"] == "openai"
    assert answer.headers["x-tenuto-upstream"] == "openai-sim/sim-small"
    assert answer.headers["x-tenuto-attempts"] == "1"
    assert answer.headers["x-tenuto-cost"] == "0.004"
    assert answer.headers["x-client-request-id"] == "mine-1"
    assert answer.headers["x-request-id"] != "mine-1"


def test_every_call_was_settled_once(gateway: Gateway) -> None:
    gateway.settled_once()
    refused = [record for record in gateway.call_log.records if record.outcome.status.value == "refused"]
    assert len(gateway.call_log.records) == len(gateway.ledger.settled) + len(refused)
