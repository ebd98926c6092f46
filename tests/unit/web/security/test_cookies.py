"""How cookies are marked, read and ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenuto.web.security.cookies import LANGUAGE, SESSION, Cookies

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_cookies_are_closed_to_scripts_and_other_sites() -> None:
    plain = Cookies(secure=False).written(SESSION, "abc", NOW + timedelta(hours=1), NOW)
    assert plain == "tenuto_session=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=3600"
    over_tls = Cookies(secure=True).written(SESSION, "abc")
    assert over_tls == "__Host-tenuto_session=abc; Path=/; HttpOnly; SameSite=Strict; Secure"
    assert "Max-Age=31536000" in Cookies(secure=False).written(LANGUAGE, "fr")
    assert Cookies(secure=False).forgotten(SESSION).endswith("; Max-Age=0")


@pytest.mark.parametrize("value", ["a;b", "a b", 'a"b', "a\r\nSet-Cookie: x", "é", "a,b"])
def test_a_value_that_would_need_quoting_is_a_mistake(value: str) -> None:
    with pytest.raises(ValueError, match="quoting"):
        Cookies(secure=False).written(SESSION, value)


def test_a_cookie_is_read_by_its_short_name_and_foreign_ones_are_not() -> None:
    headers = [(b"cookie", b"tenuto_session=abc; other=1"), (b"cookie", b"tenuto_theme=dark; broken")]
    assert Cookies(secure=False).read(headers) == {"session": "abc", "theme": "dark"}
    assert Cookies(secure=True).read(headers) == {}


def test_a_cookie_that_comes_twice_is_not_believed() -> None:
    headers = [(b"cookie", b"tenuto_session=planted; tenuto_session=own; tenuto_theme=dark")]
    assert Cookies(secure=False).read(headers) == {"theme": "dark"}


def test_signing_in_and_out(visitor: Any) -> None:
    visitor.sign_in()
    assert len(visitor.people.sessions) == 1
    stolen = dict(visitor.client.cookies)
    out = visitor.post("/sign-out", {})
    assert out.headers["location"] == "/sign-in"
    assert not visitor.people.sessions
    assert "You are signed out." in visitor.get("/sign-in").text
    visitor.client.cookies.update(stolen)
    assert visitor.get("/runs").headers["location"] == "/sign-in?next=%2Fruns"


def test_over_tls_the_whole_entrance_works(visitor_of: Any) -> None:
    visitor = visitor_of(secure=True)
    visitor.client.base_url = "https://testserver"
    visitor.get("/sign-in")
    signed = visitor.post(
        "/sign-in",
        {"email": "ada@example.org", "password": "a quiet held note"},
        headers={"origin": "https://testserver"},
    )
    assert signed.headers["set-cookie"].startswith("__Host-tenuto_session=")
    assert visitor.get("/runs").status_code == 200
