from __future__ import annotations

import asyncio
from typing import Any

import pytest
from granian.rsgi import ProtocolClosed

from tenuto.core.errors import Fault, FaultKind, TenutoError
from tenuto.serving import errors
from tenuto.serving.errors import (
    MODEL_NOT_READY,
    REQUEST_CUT,
    REQUEST_METHOD,
    REQUEST_TOO_LARGE,
    REQUEST_TOO_SLOW,
)
from tenuto.serving.host.http import answered, read_body, refused, status_of
from tenuto.serving.protocol.encode import Answer


class Client:
    """Sends chunks one by one; can stall, or hang up, after the last."""

    def __init__(self, *chunks: bytes, announced: str | None = None, end: str = "") -> None:
        self.headers = {} if announced is None else {"content-length": announced}
        self.method, self.path = "POST", "/"
        self._chunks = chunks
        self._end = end
        self.sent = 0

    async def __call__(self) -> bytes:
        return b"".join([chunk async for chunk in self])

    async def __aiter__(self) -> Any:
        for chunk in self._chunks:
            self.sent += len(chunk)
            yield chunk
        if self._end == "stall":
            await asyncio.sleep(60)
        if self._end == "cut":
            raise ProtocolClosed

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        raise AssertionError("nothing is answered here")


def _read(client: Client, limit: int = 10, seconds: float = 5) -> bytes:
    return asyncio.run(read_body(client, client, limit, seconds))


@pytest.mark.parametrize("announced", ["6", None])
def test_a_body_within_the_limit_is_read(announced: str | None) -> None:
    assert _read(Client(b"abc", b"def", announced=announced)) == b"abcdef"


def test_exactly_the_limit_is_within() -> None:
    assert _read(Client(b"0123456789", announced="10")) == b"0123456789"


@pytest.mark.parametrize(("sent", "read"), [(15, 15), (200, 50)])
def test_a_body_beyond_the_limit_is_read_on_a_while_and_refused(sent: int, read: int) -> None:
    client = Client(*[b"01234"] * (sent // 5))
    with pytest.raises(TenutoError) as caught:
        _read(client)
    assert caught.value.fault is REQUEST_TOO_LARGE
    assert client.sent <= read


def test_a_body_announced_as_huge_is_not_read_at_all() -> None:
    client = Client(b"0", announced="1000000")
    with pytest.raises(TenutoError):
        _read(client)
    assert client.sent == 0


@pytest.mark.parametrize(("end", "fault"), [("stall", REQUEST_TOO_SLOW), ("cut", REQUEST_CUT)])
@pytest.mark.parametrize("announced", ["5", None])
def test_a_client_that_stalls_or_hangs_up_is_told_apart(
    end: str, fault: Fault, announced: str | None
) -> None:
    with pytest.raises(TenutoError) as caught:
        _read(Client(b"ab", announced=announced, end=end), seconds=0.01)
    assert caught.value.fault is fault


def test_every_kind_of_fault_has_a_status_and_some_faults_a_narrower_one() -> None:
    for kind in FaultKind:
        assert 400 <= status_of(Fault("x.y", kind, "", "")) < 600
    assert status_of(REQUEST_METHOD) == 405
    assert status_of(REQUEST_TOO_SLOW) == 408


def test_a_request_is_never_blamed_on_the_server_nor_the_other_way_round() -> None:
    for fault in vars(errors).values():
        if isinstance(fault, Fault) and fault.code.startswith("serving.request_"):
            assert 400 <= status_of(fault) < 500, fault.code


def test_a_refusal_says_when_to_come_back() -> None:
    response = refused(TenutoError(MODEL_NOT_READY, "soon", retry_after_seconds=3))
    assert response.status == 503
    assert ("retry-after", "3") in response.headers


def test_binary_answers_tell_where_their_json_ends() -> None:
    assert answered(Answer(b"{}")).headers == (("content-type", "application/json"),)
    assert ("inference-header-content-length", "2") in answered(Answer(b"{}abc", 2)).headers
