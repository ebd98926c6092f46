"""Forms are taken from our own pages only (SEC-29, SEC-61)."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.gallery.people import EMAIL, PASSWORD
from tenuto.core.errors import TenutoError
from tenuto.web.security.csrf import CsrfTokens, require_own_origin

OWN = "https://tenuto.example"
KEY = b"0123456789abcdef0123456789abcdef"
ORDER = {"title": "essai", "amount": "3"}


@pytest.mark.parametrize(
    ("origin", "site", "taken"),
    [
        (OWN, None, True),
        (OWN, "cross-site", True),
        (None, "same-origin", True),
        (None, None, False),
        (None, "none", False),
        (None, "same-site", False),
        ("null", "same-origin", False),
        ("https://evil.example", None, False),
        ("https://sub.tenuto.example", None, False),
        ("http://tenuto.example", None, False),
        ("https://tenuto.example:444", None, False),
        ("https://tenuto.example.evil.example", None, False),
    ],
)
def test_the_origin_has_to_be_ours(origin: str | None, site: str | None, taken: bool) -> None:
    if taken:
        require_own_origin(origin, site, OWN)
        return
    with pytest.raises(TenutoError):
        require_own_origin(origin, site, OWN)


def test_a_token_fits_one_browser_and_one_session() -> None:
    tokens = CsrfTokens(KEY)
    nonce = tokens.nonce()
    token = tokens.token(nonce, "session")
    tokens.require(nonce, "session", token)
    others = CsrfTokens(b"another key of thirty-two bytes!!")
    for wrong in (
        (tokens.nonce(), "session", token),
        (nonce, "another", token),
        (nonce, "", token),
        (nonce, "session", token[:-1]),
        (nonce, "session", ""),
        (nonce, "session", "é"),
        ("", "", tokens.token("", "")),
        (nonce, "session", others.token(nonce, "session")),
    ):
        with pytest.raises(TenutoError):
            tokens.require(*wrong)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        CsrfTokens(b"short")


def test_a_form_of_our_own_is_taken(ada: Any) -> None:
    assert ada.post("/form", ORDER).status_code == 303
    by_header = {"x-csrf-token": ada.token, "origin": "http://testserver"}
    assert ada.client.post("/form", data=ORDER, headers=by_header, follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://testserver"},
        {"origin": "http://testserver:81"},
    ],
)
def test_a_form_from_elsewhere_is_refused(ada: Any, headers: dict[str, str]) -> None:
    answer = ada.post("/form", ORDER, headers=headers)
    assert answer.status_code == 403
    assert "web.csrf_refused" in answer.text


def test_no_token_a_wrong_one_and_one_from_before_signing_in_are_refused(visitor: Any) -> None:
    visitor.get("/sign-in")
    before = visitor.token
    visitor.sign_in()
    for token in ("", "wrong", before):
        assert visitor.post("/form", {**ORDER, "csrf_token": token}).status_code == 403
    assert visitor.post("/form", ORDER).status_code == 303


def test_nobody_can_be_signed_in_by_a_foreign_page(visitor: Any) -> None:
    visitor.get("/sign-in")
    answer = visitor.post(
        "/sign-in", {"email": EMAIL, "password": PASSWORD}, headers={"origin": "http://evil.example"}
    )
    assert answer.status_code == 403
    assert not visitor.people.sessions


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_only_plain_forms_are_read(ada: Any, kind: str) -> None:
    headers = {"origin": "http://testserver", "content-type": kind, "x-csrf-token": ada.token}
    answer = ada.client.post("/form", content=b'{"title": "x"}', headers=headers)
    assert answer.status_code == 415
