from __future__ import annotations

import json

import pytest

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import BUDGET_EXHAUSTED, FIELD_WRONG, UPSTREAM_CUT
from tenuto.gateway.formats.chat_completions import ChatCompletions
from tenuto.gateway.formats.format import STATUS, CallerFormat
from tenuto.gateway.formats.messages import Messages
from tenuto.gateway.words.accounting import Usage
from tenuto.gateway.words.answer import (
    Answer,
    AnswerText,
    AnswerThinking,
    AnswerTool,
    Begun,
    StopReason,
    ThinkingPiece,
    ToolBegun,
    ToolPiece,
)

ANSWER = Answer(
    "id",
    "m",
    (AnswerThinking("hm"), AnswerText("Hello"), AnswerTool("c", "f", '{"a": 1}')),
    StopReason.TOOL_USE,
)
USAGE = Usage(10, 7, 4, 3, 2)
SAID = (
    "A budget does not allow this call: team is out. "
    "Wait for the budget's next period, or ask its owner to raise it. (gateway.budget_exhausted)"
)


def test_a_whole_answer_in_chat_completions() -> None:
    body = json.loads(ChatCompletions().answer(ANSWER, USAGE, 5))
    choice = body["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == "Hello"
    assert choice["message"]["reasoning_content"] == "hm"
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a": 1}'}
    assert body["usage"] == {
        "prompt_tokens": 10,
        "completion_tokens": 7,
        "total_tokens": 17,
        "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }


def test_a_whole_answer_in_messages_leaves_unsigned_thinking_out() -> None:
    body = json.loads(Messages().answer(ANSWER, USAGE, 5))
    assert [block["type"] for block in body["content"]] == ["text", "tool_use"]
    assert body["content"][1]["input"] == {"a": 1}
    assert body["stop_reason"] == "tool_use"
    assert body["usage"] == {
        "input_tokens": 3,
        "cache_creation_input_tokens": 3,
        "cache_read_input_tokens": 4,
        "output_tokens": 7,
    }


def test_arguments_that_are_no_object_are_the_upstreams_fault() -> None:
    broken = Answer("id", "m", (AnswerTool("c", "f", "{half"),), StopReason.TOOL_USE)
    with pytest.raises(TenutoError, match="no JSON object"):
        Messages().answer(broken, USAGE, 5)


def test_pieces_of_a_tool_call_that_is_over_are_refused_and_not_mixed_up() -> None:
    renderer = Messages().renderer(created=1, shows_usage=True)
    renderer.render([Begun("i", "m"), ToolBegun(0, "a", "f"), ToolPiece(0, "{"), ToolBegun(1, "b", "g")])
    with pytest.raises(TenutoError, match="tool call 0"):
        renderer.render([ToolPiece(0, "}")])


def test_streamed_thinking_is_shown_where_the_format_has_a_place_for_it() -> None:
    events = [Begun("i", "m"), ThinkingPiece("hm")]
    assert b'"reasoning_content":"hm"' in ChatCompletions().renderer(created=1, shows_usage=False).render(
        events
    )
    assert b"hm" not in Messages().renderer(created=1, shows_usage=False).render(events)


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        (
            ChatCompletions(),
            {
                "error": {
                    "message": SAID,
                    "type": "insufficient_quota",
                    "param": None,
                    "code": "budget_exhausted",
                    "request_id": "r1",
                }
            },
        ),
        (
            Messages(),
            {
                "type": "error",
                "error": {
                    "type": "billing_error",
                    "message": SAID,
                    "code": "gateway.budget_exhausted",
                },
                "request_id": "r1",
            },
        ),
    ],
)
def test_errors_in_each_format(form: CallerFormat, shown: object) -> None:
    assert json.loads(form.error(TenutoError(BUDGET_EXHAUSTED, "team is out"), "r1")) == shown


def test_error_events_and_parameters() -> None:
    event = Messages().error_event(TenutoError(UPSTREAM_CUT), "r1")
    assert event.startswith(b"event: error\ndata: {")
    assert ChatCompletions().error_event(TenutoError(UPSTREAM_CUT), "r1").startswith(b'data: {"error"')
    assert (
        json.loads(ChatCompletions().error(TenutoError(FIELD_WRONG, field="n"), "r1"))["error"]["param"]
        == "n"
    )


def test_every_kind_of_fault_has_a_status() -> None:
    from tenuto.core.errors import FaultKind

    assert set(STATUS) == set(FaultKind)
