from __future__ import annotations

import json

import pytest

from tenuto.guard.personal import Entity, mask

pytestmark = pytest.mark.capability("G12")

LETTER = "Bonjour, jean@exemple.fr ou 06 12 34 56 78. Compte FR76 3000 6000 0112 3456 7890 189."


def test_each_value_gets_its_placeholder_for_the_whole_request() -> None:
    masked = mask([LETTER, "again jean@exemple.fr and marie@exemple.fr"])
    assert masked.texts == (
        "Bonjour, <EMAIL_1> ou <PHONE_1>. Compte <IBAN_1>.",
        "again <EMAIL_1> and <EMAIL_2>",
    )
    assert [finding.entity for finding in masked.findings[1]] == [Entity.EMAIL, Entity.EMAIL]
    assert masked.restore("Dear <EMAIL_1>, I wrote to <EMAIL_2>; <EMAIL_3>?") == (
        "Dear jean@exemple.fr, I wrote to marie@exemple.fr; <EMAIL_3>?"
    )


def test_text_without_personal_data_is_returned_as_it_is() -> None:
    masked = mask(["nothing <EMAIL_1> here"])
    assert masked.texts == ("nothing <EMAIL_1> here",)
    assert masked.restore("<EMAIL_1>") == "<EMAIL_1>"


@pytest.mark.parametrize(
    "own", ["<EMAIL_1>", "<email_1>", "&lt;EMAIL_1&gt;", "\\u003cEMAIL_1\\u003e", "EMAIL\\_1", "xEMAIL_1x"]
)
def test_a_name_the_text_uses_itself_is_not_used(own: str) -> None:
    text = f"{own} is no address, jean@exemple.fr is"
    masked = mask([text])
    assert masked.texts == (f"{own} is no address, <EMAIL_2> is",)
    assert masked.restore(masked.texts[0]) == text


def test_a_known_value_is_masked_where_it_would_not_be_recognised() -> None:
    masked = mask(["06 12 34 56 78", "refA06 12 34 56 78B"])
    assert masked.texts == ("<PHONE_1>", "refA<PHONE_1>B")


def test_a_known_value_is_masked_everywhere_among_many() -> None:
    addresses = [f"person{number}@exemple.fr" for number in range(100)]
    phones = "06 12 34 56 78 et a06 12 34 56 78b"
    masked = mask([" ".join(addresses), phones])
    assert masked.texts[1] == "<PHONE_1> et a<PHONE_1>b"
    assert masked.texts[0].split()[99] == "<EMAIL_100>"
    assert masked.restore(masked.texts[1]) == phones


def test_two_spellings_of_a_number_come_back_as_they_were_written() -> None:
    text = "06 12 34 56 78 ou 06.12.34.56.78"
    masked = mask([text])
    assert masked.texts[0] == "<PHONE_1> ou <PHONE_2>"
    assert masked.restore(masked.texts[0]) == text


@pytest.mark.parametrize(
    "written",
    [
        "<EMAIL_1>",
        "<email_1>",
        "<Email_1>",
        "&lt;EMAIL_1&gt;",
        "\\u003cEMAIL_1\\u003e",
        "\\u003CEMAIL_1\\u003E",
        "\\<EMAIL_1\\>",
        "<EMAIL\\_1>",
    ],
)
def test_the_spellings_of_models_are_understood(written: str) -> None:
    assert mask([LETTER]).restore(f"({written})") == "(jean@exemple.fr)"


@pytest.mark.parametrize(
    "written", ["EMAIL_1", "<EMAIL_01>", "<EMAIL_2>", "<EMAIL_1", "<EMAIL_1&gt;", "<PERSON_1>", "<EMAİL_1>"]
)
def test_what_is_no_placeholder_of_ours_stays(written: str) -> None:
    assert mask([LETTER]).restore(f"({written})") == f"({written})"


def test_characters_beside_a_placeholder_stay() -> None:
    for text in (
        r"\jean@exemple.fr>",
        r"\<jean@exemple.fr\>",
        "&lt;jean@exemple.fr&gt;",
        "<<jean@exemple.fr>>",
    ):
        masked = mask([text])
        assert masked.restore(masked.texts[0]) == text


def test_values_inside_json_are_escaped() -> None:
    table_value = "06\t12"  # no recogniser returns such a value; the escaping must not rely on that
    masked = mask(["jean@exemple.fr"])
    masked.table["email_1"] = table_value
    arguments = '{"to": "\\u003cEMAIL_1\\u003e", "cc": "<EMAIL_1>"}'
    assert json.loads(masked.restore(arguments, in_json=True)) == {"to": table_value, "cc": table_value}


def test_what_is_printed_holds_no_value() -> None:
    assert "jean" not in repr(mask([LETTER]))
    assert "jean" not in str(mask([LETTER]))
