"""The headers that every response has, whatever it is."""

from __future__ import annotations

from typing import Any

import pytest

from tenuto.web.security.headers import CONTENT_SECURITY_POLICY, security_headers

EVERYWHERE = [
    ("/sign-in", 200),
    ("/runs", 303),
    ("/nowhere", 404),
    ("/api/v1/nowhere", 404),
    ("/api/v1/openapi.json", 200),
    ("/api/v1/orders", 401),
]


def test_the_policy_allows_own_files_and_nothing_inline() -> None:
    assert CONTENT_SECURITY_POLICY == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@pytest.mark.parametrize(("path", "status"), EVERYWHERE)
def test_every_answer_has_them(visitor: Any, path: str, status: int) -> None:
    answer = visitor.get(path, headers={"accept": "text/html"})
    assert answer.status_code == status
    for name, value in security_headers(secure=False):
        assert answer.headers.get_list(name.decode()) == [value.decode()]
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.headers["x-request-id"]) == 36
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers


def test_over_tls_browsers_are_told_to_stay_there(visitor_of: Any) -> None:
    answer = visitor_of(secure=True).get("/sign-in")
    assert answer.headers["strict-transport-security"] == "max-age=63072000"


def test_an_unexpected_fault_has_them_too_and_shows_no_secret(ada: Any, caplog: Any) -> None:
    answers = [ada.get("/broken"), ada.api("GET", "/api/v1/broken")]
    logged = {record.request_id: record for record in caplog.records if record.msg == "request.failed"}
    for answer in answers:
        assert answer.status_code == 500
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert "secret that nobody" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.headers["x-request-id"] in answer.text
        assert logged[answer.headers["x-request-id"]].exc_info
