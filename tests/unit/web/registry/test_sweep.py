"""Every route as a stranger tries it: refused before its handler runs."""

from __future__ import annotations

from typing import Any

import pytest

from tenuto.web.registry.sweep import anonymous_attempts


@pytest.mark.capability("C4")
def test_nobody_unknown_reaches_a_handler(visitor: Any) -> None:
    attempts = list(anonymous_attempts(visitor.registry))
    assert len(attempts) > 20
    for attempt in attempts:
        for headers in ({}, {"origin": "http://testserver"}, {"content-length": "99999999999"}):
            answer = visitor.client.request(
                attempt.method, attempt.path, headers=headers, follow_redirects=False
            )
            assert answer.status_code in attempt.refusals, f"{attempt.method} {attempt.path}"
            if answer.status_code == 303:
                assert answer.headers["location"].startswith("/sign-in?next=")


@pytest.mark.capability("C4")
def test_a_session_cookie_opens_no_door_of_the_api(ada: Any) -> None:
    attempts = [attempt for attempt in anonymous_attempts(ada.registry) if "/api/" in attempt.path]
    assert attempts
    for attempt in attempts:
        answer = ada.client.request(attempt.method, attempt.path, follow_redirects=False)
        assert answer.status_code == 401, f"{attempt.method} {attempt.path}"


@pytest.mark.capability("C4")
def test_an_api_key_opens_no_page_of_the_console(visitor: Any) -> None:
    assert visitor.api("GET", "/runs").status_code == 303
    assert visitor.api("POST", "/form", data={"title": "x"}).status_code == 401


def test_the_sweep_leaves_out_public_routes_only(visitor: Any) -> None:
    swept = {(attempt.route.method, attempt.route.path) for attempt in anonymous_attempts(visitor.registry)}
    left = {(route.method, route.path) for route in visitor.registry} - swept
    assert left == {
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/sign-in"),
        ("POST", "/sign-in"),
        ("GET", "/first-owner"),
        ("POST", "/first-owner"),
        ("POST", "/sign-out"),
        ("POST", "/preferences"),
        ("GET", "/static/{digest}/{name:path}"),
    }
