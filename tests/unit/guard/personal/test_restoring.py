from __future__ import annotations

import pytest

from tenuto.guard.personal import StreamRestorer
from tenuto.guard.personal.restoring import LONGEST_PLACEHOLDER

pytestmark = pytest.mark.capability("G12")

TABLE = {"email_1": "jean@exemple.fr", "phone_12": "06 12 34 56 78"}


def test_only_what_could_begin_a_placeholder_is_held_back() -> None:
    stream = StreamRestorer(TABLE)
    assert stream.feed("Write to ") == "Write to "
    assert stream.feed("<EMA") == ""
    assert stream.feed("IL_1") == ""
    assert stream.feed("> now") == "jean@exemple.fr now"
    assert stream.feed(" a < b") == " a < b"
    assert stream.feed(" x<") == " x"
    assert stream.feed("p>") == "<p>"
    assert stream.feed("\\") == ""
    assert stream.feed("n") == "\\n"
    assert stream.finish() == ""


@pytest.mark.parametrize(
    "beginning",
    ["<", "<P", "<PHONE", "<phone_", "<PHONE\\_1", "<PHONE_12", "&l", "&lt;PHONE_12&g", "\\u003", "\\<IB"],
)
def test_a_beginning_is_held_and_comes_out_at_the_end(beginning: str) -> None:
    stream = StreamRestorer(TABLE)
    assert stream.feed("text " + beginning) == "text "
    assert stream.finish() == beginning


@pytest.mark.parametrize(
    "text",
    [
        "<X",
        "<PHONEX",
        "<PHONE1",
        "<PHONE_1x",
        "<PHONE__",
        "<_",
        "<1",
        "&a",
        "\\u004",
        "<EMAIL_1234567890",
        "< ",
    ],
)
def test_what_can_no_longer_become_one_is_not_held(text: str) -> None:
    assert StreamRestorer(TABLE).feed(text) == text


def test_what_is_held_is_bounded() -> None:
    stream = StreamRestorer(TABLE)
    text = "<" * 10_000 + "<EMAIL_" + "1" * 10_000
    fed = sum(len(stream.feed(character)) for character in text)
    assert len(text) - fed <= LONGEST_PLACEHOLDER
    assert fed + len(stream.finish()) == len(text)


def test_an_empty_table_passes_text_through() -> None:
    stream = StreamRestorer({})
    assert stream.feed("<EMAIL_1") == "<EMAIL_1"
    assert stream.finish() == ""


def test_json_is_restored_in_pieces() -> None:
    stream = StreamRestorer({"email_1": 'a"b'}, in_json=True)
    pieces = [stream.feed(piece) for piece in ('{"to": "\\u00', "3cEMAIL", '_1\\u003e"}')]
    assert "".join(pieces) + stream.finish() == '{"to": "a\\"b"}'
