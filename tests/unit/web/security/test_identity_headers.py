"""Nobody is believed because a header says so (SEC-44)."""

from __future__ import annotations

from typing import Any

import pytest

from tenuto.web.security.identity_headers import is_identity_header, without_identity_headers

FORGED = [
    "X-Forwarded-For",
    "X-Forwarded-User",
    "X-Forwarded-Host",
    "Forwarded",
    "X-Real-IP",
    "Remote-User",
    "REMOTE_USER",
    "X_Remote_User",
    "X-Auth-Request-Email",
    "kubeflow-userid",
    "X-Original-URL",
    "X-HTTP-Method-Override",
    "X-Request-ID",
    "x_request_id",
]
OWN = "01a2002d-57e1-7653-a6be-6e2261fb778f"


@pytest.mark.parametrize("name", FORGED)
def test_claims_of_identity_are_known(name: str) -> None:
    assert is_identity_header(name.encode())


@pytest.mark.parametrize("name", ["authorization", "cookie", "tenuto-workspace", "x-csrf-token", "host"])
def test_honest_headers_stay(name: str) -> None:
    headers = [(name.encode(), b"1")]
    assert without_identity_headers([*headers, (b"remote-user", b"root")]) == headers


def test_a_forged_identity_opens_nothing(visitor: Any) -> None:
    answer = visitor.client.get("/api/v1/orders", headers=dict.fromkeys(FORGED, "root@example.org"))
    assert answer.status_code == 401


def test_the_edge_is_believed_only_where_nobody_else_can_speak(visitor_of: Any) -> None:
    claimed = {"x-request-id": OWN, "x-forwarded-for": "203.0.113.7"}
    alone, behind = visitor_of(), visitor_of(behind_edge=True)
    assert alone.client.get("/sign-in", headers=claimed).headers["x-request-id"] != OWN
    assert behind.client.get("/sign-in", headers=claimed).headers["x-request-id"] == OWN
    nonsense = {"x-request-id": "x\ny"}
    assert len(behind.client.get("/sign-in", headers=nonsense).headers["x-request-id"]) == 36


def test_the_source_that_the_edge_names_is_what_handlers_see(visitor_of: Any) -> None:
    claimed = {"x-forwarded-for": "203.0.113.7"}
    seen = [
        visitor_of(behind_edge=behind).api("GET", "/api/v1/whoami", headers=claimed).json()["source"]
        for behind in (True, False)
    ]
    assert seen == ["203.0.113.7", "testclient"]
