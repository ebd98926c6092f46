"""One request through the house: what handlers see, what clients get."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from starlette.websockets import WebSocketDisconnect

from fixtures.gallery.people import API_KEY
from tenuto.core.errors import Fault, FaultKind, TenutoError

ORDER = {"title": "essai", "amount": 3}


def _error(answer: Any) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    return error


def test_json_in_json_out(visitor: Any) -> None:
    answer = visitor.api("POST", "/api/v1/orders", json=ORDER)
    assert answer.status_code == 201
    assert answer.json() == {"title": "essai", "amount": 3, "by": "Ada Lovelace", "workspace": "atelier"}
    assert answer.headers["location"] == "/api/v1/orders/3"
    assert visitor.api("DELETE", "/api/v1/orders/x").status_code == 204
    assert visitor.api("DELETE", "/api/v1/orders/x").content == b""


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b'{"title": "x", "amount": 3}', "core.invalid_value", "title: Expected `str` of length >= 2"),
        (b'{"title": "xx", "amonut": 3}', "core.unknown_field", "`amonut`: did you mean `amount`?"),
        (
            b'{"title": "xx", "amount": 3, "parts": [{"name": "aa"}, {"name": "bb", "wieght": 2}]}',
            "core.unknown_field",
            "`parts[1].wieght`: did you mean `weight`?",
        ),
        (b'{"title": "xx", "amount": "3"}', "core.invalid_value", "amount: Expected `int`, got `str`"),
        (b'{"title": "xx"}', "core.invalid_value", "missing required field `amount`"),
        (b'{"title": "xx", "amount": 3', "web.body_malformed", "truncated"),
        (b'{"title": "\xff\xfe", "amount": 3}', "web.body_malformed", "utf-8"),
        (b"\xff", "web.body_malformed", "not valid JSON"),
        (b"", "web.body_malformed", "truncated"),
        (b"[]", "core.invalid_value", "Expected `object`, got `array`"),
        (b'{"title": "xx", "amount": 1e400}', "core.invalid_value", "amount"),
        (b'{"parts": ' + b"[" * 100_000, "core.invalid_value", "parts[0]"),
    ],
)
def test_a_wrong_body_is_refused_with_its_place(visitor: Any, body: bytes, code: str, said: str) -> None:
    headers = {"content-type": "application/json"}
    answer = visitor.api("POST", "/api/v1/orders", content=body, headers=headers)
    assert answer.status_code == 400
    assert _error(answer)["code"] == code
    assert said in _error(answer)["detail"]
    assert _error(answer)["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        ("limit=abc", "core.invalid_value", "`limit`: Expected `int`"),
        ("limit=0", "core.invalid_value", "`limit`: Expected `int` >= 1"),
        ("limt=3", "core.unknown_field", "did you mean `limit`?"),
        ("limit=1&limit=2", "core.invalid_value", "given more than once"),
        ("after=nonsense", "web.cursor_invalid", ""),
        ("q=%ff", "web.body_malformed", "utf-8"),
        ("justaword", "web.body_malformed", "bad query field"),
    ],
)
def test_a_wrong_query_is_refused(visitor: Any, query: str, code: str, said: str) -> None:
    answer = visitor.api("GET", f"/api/v1/orders?{query}")
    assert answer.status_code == 400
    assert _error(answer)["code"] == code
    assert said in _error(answer)["detail"]


def test_a_query_where_none_is_taken_is_refused(visitor: Any) -> None:
    assert _error(visitor.api("GET", "/api/v1/orders/x?verbose=1"))["code"] == "core.unknown_field"


def test_a_list_is_walked_through_the_door(visitor: Any) -> None:
    seen: list[int] = []
    after = ""
    while after is not None:
        page = visitor.api("GET", f"/api/v1/orders?limit=50&kind=a&kind=b&after={after}").json()
        seen += [item["amount"] for item in page["items"]]
        after = page["next"]
    assert seen == list(range(120))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; charset=UTF-8", 201),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("", 415),
    ],
)
def test_only_json_in_utf8_is_read(visitor: Any, kind: str, status: int) -> None:
    body = msgspec.json.encode(ORDER)
    answer = visitor.api("POST", "/api/v1/orders", content=body, headers={"content-type": kind})
    assert answer.status_code == status


def test_a_body_where_none_is_taken_is_refused(visitor: Any) -> None:
    answer = visitor.api("DELETE", "/api/v1/orders/x", content=b"{}")
    assert _error(answer)["detail"] == "this address takes no body"


@pytest.mark.parametrize(
    "value", ["Basic YTpi", "Bearer", "Bearer ", "bearer", f"Token {API_KEY}", API_KEY, "Bearer wrong"]
)
def test_anything_but_a_good_bearer_token_is_refused(visitor: Any, value: str) -> None:
    answer = visitor.client.get("/api/v1/orders", headers={"authorization": value})
    assert answer.status_code in {400, 401}


def test_two_credentials_are_one_too_many(visitor: Any) -> None:
    headers = [("authorization", f"Bearer {API_KEY}"), ("authorization", "Bearer other")]
    assert visitor.client.get("/api/v1/orders", headers=headers).status_code == 400


def test_the_name_of_a_workspace_in_a_header_has_a_plain_shape(visitor: Any) -> None:
    for value in ("a b", "x" * 256, "é".encode("latin-1")):
        answer = visitor.api("GET", "/api/v1/orders/x", headers={"tenuto-workspace": value})
        assert _error(answer)["context"] == {"header": "tenuto-workspace"}


@pytest.mark.parametrize("header", ["idempotency-key", "if-match"])
def test_a_header_that_is_not_honoured_is_not_judged_either(visitor: Any, header: str) -> None:
    assert visitor.api("GET", "/api/v1/orders/x", headers={header: "a b"}).status_code == 200


def test_the_workspace_comes_from_the_path_then_the_header_then_the_caller(visitor: Any) -> None:
    wanted = {"tenuto-workspace": "other"}

    def seen(path: str, **more: Any) -> Any:
        return visitor.api("GET", path, **more).json()["items"][0]["workspace"]

    assert seen("/api/v1/orders") == "atelier"
    assert seen("/api/v1/orders", headers=wanted) == "other"
    assert seen("/api/v1/workspaces/third/orders", headers=wanted) == "third"


def test_an_unchanged_answer_is_not_sent_again(visitor: Any) -> None:
    first = visitor.api("GET", "/api/v1/orders/x")
    assert first.headers["etag"] == '"1"'
    again = visitor.api("GET", "/api/v1/orders/x", headers={"if-none-match": '"1"'})
    assert (again.status_code, again.content) == (304, b"")


def test_head_is_get_without_its_body(visitor: Any) -> None:
    shown, asked = visitor.api("GET", "/api/v1/orders"), visitor.api("HEAD", "/api/v1/orders")
    assert asked.status_code == 200
    assert asked.content == b""
    assert asked.headers["content-length"] == str(len(shown.content))


def test_head_of_a_stream_does_not_begin_it(visitor: Any) -> None:
    before = visitor.api("GET", "/api/v1/looks").json()
    asked = visitor.api("HEAD", "/api/v1/endless")
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-type"].startswith("text/event-stream")
    assert "content-length" not in asked.headers
    assert visitor.api("GET", "/api/v1/looks").json() == before


def test_a_location_fits_into_its_header_whatever_the_name(visitor: Any) -> None:
    made = visitor.api("POST", "/api/v1/orders", json={**ORDER, "title": "named"})
    assert made.headers["location"] == "/api/v1/orders/%C3%A9t%C3%A9%0D%0Ax"


def test_unknown_addresses_and_methods(visitor: Any) -> None:
    assert _error(visitor.client.get("/api/v1/nowhere"))["code"] == "web.route_unknown"
    wrong = visitor.api("PATCH", "/api/v1/orders")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")
    assert visitor.client.options("/api/v1/orders").status_code == 405
    page = visitor.get("/nowhere", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "<h1" in page.text
    assert _error(visitor.get("/nowhere"))["code"] == "web.route_unknown"


def test_files_and_streams_are_downloads(visitor: Any) -> None:
    file = visitor.api("GET", "/api/v1/orders/x/file")
    assert file.text == "a,b\r\n"
    named = "attachment; filename*=UTF-8''relev%C3%A9%20d%E2%80%99essai.csv"
    assert file.headers["content-disposition"] == named
    stream = visitor.api("GET", "/api/v1/export")
    assert stream.text == "0\n1\n2\n"
    assert stream.headers["content-disposition"] == "attachment; filename*=UTF-8''export.csv"


def test_a_link_followed_from_elsewhere_still_finds_the_session(ada: Any) -> None:
    """A strict cookie stays at home when another site leads here; one more step from our page brings it."""
    kept = dict(ada.client.cookies)
    ada.client.cookies.clear()
    first = ada.get("/runs?kind=a", headers={"sec-fetch-site": "cross-site"})
    assert first.status_code == 200
    assert 'content="0;url=/runs?kind=a"' in first.text
    ada.client.cookies.update(kept)
    assert ada.get("/runs", headers={"sec-fetch-site": "same-origin"}).status_code == 200
    ada.client.cookies.clear()
    assert ada.get("/runs", headers={"sec-fetch-site": "same-origin"}).status_code == 303


def test_a_part_is_answered_with_a_part(ada: Any) -> None:
    asked = {"hx-request": "true", "hx-request-type": "partial"}
    part = ada.get("/runs", headers=asked)
    assert part.text.lstrip().startswith('<div class="table-scroll"')
    assert "<html" not in part.text
    whole = ada.get("/runs", headers={"hx-request": "true", "hx-request-type": "full"})
    assert "<html" in whole.text


def test_an_error_of_a_part_goes_to_the_problem_region(ada: Any) -> None:
    asked = {"hx-request": "true", "hx-request-type": "partial"}
    answer = ada.get("/broken", headers=asked)
    assert answer.status_code == 500
    assert answer.headers["hx-retarget"] == "#problems"
    assert answer.text.lstrip().startswith('<div class="notice bad">')
    ada.client.cookies.clear()
    assert ada.get("/runs", headers=asked).headers["hx-redirect"] == "/sign-in?next=%2Fruns"


def test_a_form_sent_by_script_is_told_where_to_go(ada: Any) -> None:
    asked = {"hx-request": "true", "hx-request-type": "partial"}
    answer = ada.post("/form", ORDER, headers=asked)
    assert (answer.status_code, answer.headers["hx-redirect"]) == (200, "/form")


def test_a_refused_form_shows_what_was_typed_and_what_is_wrong(ada: Any) -> None:
    typed = {"title": "<b>", "amount": "x", "note": "a\r\nb", "urgent": "true", "unknown": "1"}
    answer = ada.post("/form", typed)
    assert answer.status_code == 400
    assert 'value="&lt;b&gt;"' in answer.text
    assert "This has to be a number." in answer.text
    assert "checked" in answer.text
    assert 'aria-invalid="true"' in answer.text
    missing = ada.post("/form", {"title": "", "amount": ""})
    assert missing.text.count("Please fill this in.") == 2
    taken = ada.post("/form", {"title": "taken", "amount": "1"})
    assert taken.status_code == 400
    assert 'value="taken"' in taken.text


class _Away:
    """A frame whose database is away."""

    def facts(self, *_asked: Any) -> Any:
        raise TenutoError(
            Fault("testing.away", FaultKind.UNAVAILABLE, "the database is away", "Wait.", retryable=True)
        )

    closed = missing_right = facts


def test_the_error_page_stands_when_the_frame_cannot(visitor_of: Any) -> None:
    visitor = visitor_of(frame=_Away())
    visitor.sign_in()
    answer = visitor.get("/runs")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "The database is away" in answer.text


def test_websockets_are_not_spoken(visitor: Any) -> None:
    with pytest.raises(WebSocketDisconnect), visitor.client.websocket_connect("/live"):
        pass


def test_an_error_is_told_in_the_language_that_was_asked_for(visitor: Any) -> None:
    answer = visitor.api("GET", "/api/v1/nowhere", headers={"accept-language": "fr-FR, en;q=0.5"})
    assert _error(answer)["code"] == "web.route_unknown"
    assert _error(answer)["summary"] == "il n’y a rien à cette adresse"
    assert answer.headers["vary"] == "Accept-Language"
    assert _error(visitor.api("GET", "/api/v1/nowhere"))["summary"] == "nothing lives at this address"
