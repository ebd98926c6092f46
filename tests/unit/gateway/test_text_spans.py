from __future__ import annotations

import json
from typing import Any

import pytest

from tenuto.core.errors import TenutoError
from tenuto.gateway.document import read_fields, write_fields
from tenuto.gateway.text_spans import AttachmentCount, spans_of, with_spans

pytestmark = pytest.mark.capability("G12")


def spans(document: dict[str, Any]) -> list[str]:
    return spans_of(read_fields(json.dumps(document).encode()))


def test_text_is_found_wherever_it_stands() -> None:
    assert spans(
        {
            "model": "not text",
            "system": [{"type": "text", "text": "one"}],
            "messages": [
                {"role": "user", "name": "who wrote it", "content": "two"},
                {"role": "user", "content": [{"type": "text", "text": "three"}]},
                {"role": "tool", "tool_call_id": "not text", "content": "four"},
            ],
            "user": "five",
            "field_nobody_knows": {"deep": ["six"]},
            "temperature": 0.5,
        }
    ) == ["one", "who wrote it", "two", "three", "four", "five", "six"]


def test_in_a_tools_own_input_names_and_long_numbers_are_text_too() -> None:
    block = {
        "type": "tool_use",
        "id": "x",
        "name": "f",
        "input": {"id": "FR76", "a@b.fr": 612345678, "n": 12},
    }
    assert spans({"messages": [{"role": "assistant", "content": [block]}]}) == [
        "id",
        "FR76",
        "a@b.fr",
        "612345678",
        "n",
    ]


def test_json_inside_a_string_is_looked_into_and_stays_json() -> None:
    arguments = json.dumps({"card": 4111111111111111, "note": 'say "hi"'})
    fields = read_fields(
        json.dumps({"messages": [{"function": {"name": "f", "arguments": arguments}}]}).encode()
    )
    found = spans_of(fields)
    assert found == ["card", "4111111111111111", "note", 'say "hi"']
    replaced = with_spans(fields, ["card", "<CARD_1>", "note", 'say "hi"'])
    written = json.loads(write_fields(replaced))["messages"][0]["function"]["arguments"]
    assert json.loads(written) == {"card": "<CARD_1>", "note": 'say "hi"'}


def test_arguments_that_are_no_json_are_text() -> None:
    assert spans({"messages": [{"function": {"arguments": '{"half": "a@b'}}]}) == ['{"half": "a@b']


def test_attachments_are_counted_and_left_alone_but_plain_text_documents_are_text() -> None:
    document = {
        "messages": [
            {"content": [{"type": "image", "source": {"type": "base64", "media_type": "x", "data": "AAAA"}}]},
            {"content": [{"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]},
            {
                "content": [
                    {
                        "type": "document",
                        "source": {"type": "text", "media_type": "text/plain", "data": "words"},
                    }
                ]
            },
        ]
    }
    attachments = AttachmentCount()
    assert spans_of(read_fields(json.dumps(document).encode()), attachments) == ["words"]
    assert attachments.count == 2


def test_signed_thinking_is_left_alone() -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": "s"}
    assert spans({"messages": [{"role": "assistant", "content": [block]}]}) == []


def test_untouched_parts_keep_their_bytes() -> None:
    body = b'{"messages":[ {"role":"user" , "content":"\\u00e9t\\u00e9"},{"role":"user","content":"x"} ],"n":1.00}'
    fields = read_fields(body)
    edited = write_fields(with_spans(fields, ["été", "y"]))
    assert b'{"role":"user" , "content":"\\u00e9t\\u00e9"}' in edited
    assert b'"n":1.00' in edited
    assert b'"content":"y"' in edited


def test_a_wrong_number_of_texts_is_never_filled_in() -> None:
    fields = read_fields(b'{"user":"a"}')
    with pytest.raises(ValueError, match="more texts"):
        with_spans(fields, ["a", "b"])
    with pytest.raises(StopIteration):
        with_spans(fields, [])


def test_a_document_too_deep_to_check_is_refused() -> None:
    deep = "[" * 120 + "]" * 120
    with pytest.raises(TenutoError, match="nested deeper"):
        spans_of(read_fields(b'{"a":%b}' % deep.encode()))
