from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.guard.personal import StreamRestorer, find, mask

pytestmark = pytest.mark.capability("G12")

VALUES = [
    "jean@exemple.fr",
    "a@b.fr",
    "ean@exemple.frx",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "0612345678",
    "+33612345678",
    "+33 (0)6 12 34 56 78",
    "FR7630006000011234567890189",
    "FR76 3000 6000 0112 3456 7890 189",
    "GB82 WEST 1234 5698 7654 32",
    "4111111111111111",
    "4111 1111 1111 1111",
    "185057800608491",
    "1 85 05 78 006 084 91",
    "732 829 320 00074",
    "SIREN 732829320",
    "０６\u00a0１２ 34 56 78",
]
TRICKS = [
    "<EMAIL_1>",
    "<email_2>",
    "&lt;EMAIL_1&gt;",
    "\\u003cPHONE_1\\u003e",
    "\\<IBAN\\_1\\>",
    "EMAIL_1",
    "<EMAIL_",
    "<",
    "&lt;",
    "\\",
    ">",
    "&gt;",
    "\\>",
    "_1",
    "<PHONE",
    "@",
    " ",
    "\u00a0",
    ".",
    "-",
    "\n",
    "x",
    "0",
    "7",
    "é",
]
pieces = st.one_of(
    st.sampled_from(VALUES),
    st.sampled_from(TRICKS),
    st.text(max_size=5),
    st.text("0123456789 .-", max_size=9),
)
texts = st.lists(pieces, max_size=12).map("".join)


@given(texts)
def test_offsets_lie_in_the_text_in_order_and_finding_again_finds_the_same(text: str) -> None:
    findings = find(text)
    places = [place for finding in findings for place in (finding.start, finding.end)]
    assert places == sorted(places)
    assert all(0 <= finding.start < finding.end <= len(text) for finding in findings)
    assert find(text) == findings


@given(st.lists(texts, max_size=4))
def test_masking_hides_every_value_and_restoring_brings_back_every_text(request: list[str]) -> None:
    masked = mask(request)
    assert tuple(masked.restore(text) for text in masked.texts) == tuple(request)
    for value in masked.table.values():
        assert not any(value in text for text in masked.texts)
    for text, findings in zip(request, masked.findings, strict=True):
        assert all(text[finding.start : finding.end] in masked.table.values() for finding in findings)


@given(texts, st.lists(texts, max_size=6), st.booleans(), st.data())
def test_a_stream_may_be_cut_anywhere(
    given_text: str, answer: list[str], in_json: bool, data: st.DataObject
) -> None:
    masked = mask([given_text])
    written = st.one_of(
        *(st.just(text) for text in (*answer, *masked.texts, *(f"<{name}>" for name in masked.table), ""))
    )
    text = "".join(data.draw(st.lists(written, max_size=5)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    stream = StreamRestorer(masked.table, in_json=in_json)
    out = [stream.feed(text[start:end]) for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join(out) + stream.finish() == masked.restore(text, in_json=in_json)


@given(texts)
def test_tool_arguments_stay_json(text: str) -> None:
    masked = mask([text])
    arguments = json.dumps({"text": masked.texts[0]})
    if "<" not in text and "&" not in text and "\\" not in text:
        assert json.loads(masked.restore(arguments, in_json=True)) == {"text": text}
