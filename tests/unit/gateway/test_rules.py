from __future__ import annotations

import pytest

from tenuto.gateway.rules import (
    bearer_of,
    capped,
    client_request_id,
    is_plain_path,
    passed_headers,
    returned_headers,
)


@pytest.mark.parametrize(
    ("asked", "cap", "limit"), [(None, None, None), (5, None, 5), (None, 7, 7), (5, 7, 5), (9, 7, 7)]
)
def test_a_limit_is_never_above_the_routes(asked: int | None, cap: int | None, limit: int | None) -> None:
    assert capped(asked, cap) == limit


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("abc", ""), ("", "")],
)
def test_a_bearer_token_is_read(header: str, token: str) -> None:
    assert bearer_of(header) == token


@pytest.mark.parametrize("given", ["abc-1.2_3:4", "a" * 128])
def test_a_well_formed_request_id_is_kept(given: str) -> None:
    assert client_request_id(given) == given


@pytest.mark.parametrize("given", ["", "-a", "a b", "a\n", "é", "a" * 129, "<script>"])
def test_any_other_request_id_is_dropped(given: str) -> None:
    assert client_request_id(given) == ""


def test_headers_of_one_connection_and_claims_of_identity_do_not_travel() -> None:
    received = [
        ("host", "h"),
        ("connection", "Close, X-Hop"),
        ("x-hop", "1"),
        ("transfer-encoding", "chunked"),
        ("content-length", "3"),
        ("x-tenuto-actor", "root"),
        ("x-forwarded-for", "1.2.3.4"),
        ("forwarded", "for=x"),
        ("x-real-ip", "1.2.3.4"),
        ("x-request-id", "i"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
    ]
    assert passed_headers(received) == [("host", "h"), ("cookie", "a=1"), ("cookie", "b=2")]


def test_an_answer_keeps_its_length_and_its_cookies() -> None:
    received = [
        ("content-length", "3"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("set-cookie", "a"),
        ("set-cookie", "b"),
    ]
    assert returned_headers(received) == [("content-length", "3"), ("set-cookie", "a"), ("set-cookie", "b")]


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/a/b", True),
        ("/a/..b", True),
        ("/é", True),
        ("/a/../b", False),
        ("/.", False),
        ("/a\\b", False),
        ("/a\0", False),
    ],
)
def test_paths_that_could_be_read_in_two_ways_are_not_plain(path: str, plain: bool) -> None:
    assert is_plain_path(path) is plain
