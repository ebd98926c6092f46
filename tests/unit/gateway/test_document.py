from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tenuto.core.errors import TenutoError
from tenuto.gateway.document import CallRequest, field, read_call, read_fields
from tenuto.gateway.words.accounting import TOKENS_PER_ATTACHMENT
from tenuto.gateway.words.routing import Operation, WireFormat


def call(operation: Operation = Operation.CHAT, **fields: Any) -> CallRequest:
    body = {"model": "m", "messages": [], "input": "", **fields}
    return read_call(json.dumps(body).encode(), WireFormat.CHAT_COMPLETIONS, operation)


def test_what_is_known_of_a_call() -> None:
    read = call(stream=True, max_tokens=5, n=3, stream_options={"include_usage": True})
    assert (read.model, read.stream, read.output_limit, read.answers, read.shows_usage) == (
        "m",
        True,
        5,
        3,
        True,
    )
    assert call(max_completion_tokens=7, max_tokens=5).output_limit == 7
    assert call().output_limit is None
    assert call(Operation.EMBEDDINGS, stream=True).stream is False
    assert call(Operation.EMBEDDINGS).output_limit == 0


def test_nulls_are_absent() -> None:
    read = call(stream=None, max_tokens=None, stream_options=None, n=None)
    assert (read.stream, read.output_limit, read.answers) == (False, None, 1)


def test_a_small_body_is_estimated_by_its_size_a_large_one_by_its_texts() -> None:
    assert call().input_estimate == len(json.dumps({"model": "m", "messages": [], "input": ""})) // 4 + 1
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400_000}}
    shown = [{"role": "user", "content": [{"type": "text", "text": "x" * 4_000}, picture]}]
    assert call(messages=shown).input_estimate == 1_000 + TOKENS_PER_ATTACHMENT


@pytest.mark.capability("G9")
@pytest.mark.parametrize("name", ["url", "\\u0075rl"])
def test_attachments_count_however_short_their_addresses_are(name: str) -> None:
    """A hundred pictures by address are a short body and many tokens: they are reserved for."""
    picture = f'{{"type":"image_url","image_url":{{"{name}":"https://x.org/1.png"}}}}'
    parts = ",".join([picture] * 100)
    body = f'{{"model":"m","messages":[{{"role":"user","content":[{parts}]}}]}}'
    read = read_call(body.encode(), WireFormat.CHAT_COMPLETIONS, Operation.CHAT)
    assert read.input_estimate >= 100 * TOKENS_PER_ATTACHMENT


def test_a_field_of_another_kind_names_itself() -> None:
    with pytest.raises(TenutoError, match="`n`") as wrong:
        call(n="three")
    assert wrong.value.context == {"field": "n"}


def test_a_repeated_name_is_its_last_value() -> None:
    fields = read_fields(b'{"a":1,"a":2}')
    assert field(fields, "a", int) == 2
    assert msgspec.json.encode(fields) == b'{"a":2}'
