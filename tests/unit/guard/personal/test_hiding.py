"""Personal data that was written so that it is not recognised: what is recognised nevertheless, and what is not."""

from __future__ import annotations

import pytest

from tenuto.guard.personal import mask

UNSEEN = {
    "zero width space": "\u200b",
    "joiner": "\u200d",
    "word joiner": "\u2060",
    "soft hyphen": "\u00ad",
    "byte order mark": "\ufeff",
    "direction": "\u202e",
    "variation": "\ufe0f",
    "tag": "\U000e0041",
}
VALUES = ("ann@example.org", "06 12 34 56 78", "FR76 3000 6000 0112 3456 7890 189", "4111 1111 1111 1111")


@pytest.mark.capability("G12")
@pytest.mark.parametrize("unseen", UNSEEN.values(), ids=UNSEEN)
@pytest.mark.parametrize("value", VALUES)
def test_what_nobody_sees_hides_nothing(value: str, unseen: str) -> None:
    """Wherever it stands: between all characters, in place of the separators, once anywhere."""
    written = [unseen.join(value), value.replace(" ", unseen)]
    written += [value[:place] + unseen + value[place:] for place in range(1, len(value))]
    for text in written:
        masked = mask([f"before {text} after"])
        assert len(masked.table) == 1, ascii(text)
        assert masked.texts[0].startswith("before <"), ascii(masked.texts[0])
        assert masked.texts[0].endswith("> after"), ascii(masked.texts[0])
        assert masked.restore(masked.texts[0]) == f"before {text} after"


@pytest.mark.capability("G12")
@pytest.mark.parametrize(
    "zero", ["\u0660", "\u06f0", "\u0966", "\u09e6", "\u0e50", "\u17e0", "\uff10", "\U0001d7ce"]
)
def test_digits_of_any_script_are_digits(zero: str) -> None:
    for value in ("06 12 34 56 78", "4111 1111 1111 1111"):
        text = "".join(chr(ord(zero) + int(one)) if one.isdigit() else one for one in value)
        assert len(mask([text]).table) == 1, ascii(text)


def test_keycaps_are_digits() -> None:
    assert len(mask(["\ufe0f\u20e3".join("06 12 34 56 78") + "\ufe0f\u20e3"]).table) == 1


def test_pictures_made_of_several_characters_stay() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467 and \u2764\ufe0f"
    assert mask([family]).texts == (family,)


@pytest.mark.parametrize(
    "text", ["ann (at) example (dot) org", "YW5uQGV4YW1wbGUub3Jn", "ann%40example.org", "z\u00e9ro six douze"]
)
def test_what_is_written_in_another_code_is_not_recognised(text: str) -> None:
    """Said in the documentation: a rule that looks at characters does not read codes or number words."""
    assert mask([text]).table == {}


@pytest.mark.capability("G12")
def test_a_value_is_found_only_within_one_text() -> None:
    """What is split over two messages is two halves; the known value is masked in all of them."""
    assert mask(["06 12 34", "56 78"]).table == {}
    masked = mask(["ann@example.org", "say xann@example.orgx again"])
    assert "ann@example.org" not in masked.texts[1]
