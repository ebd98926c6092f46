"""After signing in one lands on a page of this console (SEC-52)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from fixtures.gallery.people import EMAIL, PASSWORD
from tenuto.web.security.redirects import safe_next

HOSTILE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https://evil.example",
    "https:evil.example",
    "http:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/.//evil.example",
    "/runs/..//evil.example",
    "/\tevil.example",
    "/\nevil.example",
    "/runs\r\nSet-Cookie: x=1",
    " //evil.example",
    "/ /evil.example",
    "evil.example",
    "",
    "/nowhere",
    "/api/v1/orders",
    "/sign-out",
    "/static/x/y",
    "/runs#https://evil.example",
    "/é",
    "//[::1",
    "/" + "a" * 2000,
]


@pytest.mark.parametrize("wanted", HOSTILE)
def test_everything_else_leads_home(visitor: Any, wanted: str) -> None:
    assert safe_next(visitor.registry, wanted) == "/"
    visitor.get(f"/sign-in?next={quote(wanted)}")
    signed = visitor.post("/sign-in", {"email": EMAIL, "password": PASSWORD, "next": wanted})
    assert signed.headers["location"] == "/"


@pytest.mark.parametrize("wanted", ["/", "/runs", "/runs?kind=a&q=%C3%A9", "/form"])
def test_a_page_of_ours_is_reached(visitor: Any, wanted: str) -> None:
    shown = visitor.get(f"/sign-in?next={quote(wanted, safe='')}")
    assert shown.status_code == 200
    signed = visitor.post("/sign-in", {"email": EMAIL, "password": PASSWORD, "next": wanted})
    assert signed.headers["location"] == wanted
    assert visitor.get(f"/sign-in?next={quote(wanted, safe='')}").headers["location"] == wanted
