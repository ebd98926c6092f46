"""Coming in for the first time, coming in, and being refused."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.gallery.people import BOOTSTRAP, EMAIL

OWNER = {"token": BOOTSTRAP, "name": "Ada", "email": "ada@example.org", "password": "twelve letters and more"}


def test_a_fresh_installation_asks_for_its_first_owner(first_visitor: Any) -> None:
    assert first_visitor.get("/").headers["location"] == "/sign-in?next=%2F"
    assert first_visitor.get("/sign-in").headers["location"] == "/first-owner"
    assert "At least 12 characters." in first_visitor.get("/first-owner").text
    made = first_visitor.post("/first-owner", OWNER)
    assert made.headers["location"] == "/"
    assert "Welcome, Ada. This installation is yours now." in first_visitor.get("/").text
    assert first_visitor.get("/first-owner").headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "eleven char"}, "At least 12 characters are needed."),
        ({"password": "x" * 257}, "At most 256 characters are possible."),
        ({"email": "ada"}, "This has to be an address like name@example.org."),
        ({"name": ""}, "Please fill this in."),
        ({"token": "wrong"}, "E-mail address or password is not right"),
    ],
)
def test_a_first_owner_who_errs_is_told_and_types_secrets_anew(
    first_visitor: Any, changed: dict[str, str], said: str
) -> None:
    first_visitor.get("/first-owner")
    answer = first_visitor.post("/first-owner", {**OWNER, **changed})
    assert answer.status_code in {400, 401}
    assert said in answer.text
    assert BOOTSTRAP not in answer.text
    assert OWNER["password"] not in answer.text
    assert first_visitor.people.wants_first_owner()


def test_a_wrong_password_is_told_on_the_form_without_naming_the_part(visitor: Any) -> None:
    visitor.get("/sign-in?next=%2Fruns")
    for email in (EMAIL, "nobody@example.org"):
        answer = visitor.post("/sign-in", {"email": email, "password": "wrong", "next": "/runs"})
        assert answer.status_code == 401
        assert "E-mail address or password is not right" in answer.text
        assert f'value="{email}"' in answer.text
        assert 'name="next" value="/runs"' in answer.text
        assert "wrong" not in answer.text.replace("field wrong", "")
        assert "set-cookie" not in answer.headers


def test_who_is_signed_in_is_not_asked_again(ada: Any) -> None:
    assert ada.get("/sign-in?next=%2Fruns").headers["location"] == "/runs"
    assert "Ada Lovelace" in ada.get("/").text


def test_signing_out_twice_is_no_fault(visitor: Any) -> None:
    visitor.get("/sign-in")
    assert visitor.post("/sign-out", {}).headers["location"] == "/sign-in"
