"""Limits are kept before and while a body is read; uploads leave nothing behind."""

from __future__ import annotations

import asyncio
import hashlib
import resource
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from support.disks import SimulatedDisk
from tenuto.core.errors import TenutoError
from tenuto.store.space import Disks, Room
from tenuto.web.dispatch import bodies
from tenuto.web.words import Input

LIMIT = 1_000_000


def _chunks(count: int, size: int = 1000) -> Iterator[bytes]:
    for _ in range(count):
        yield b"x" * size


def test_a_body_that_says_it_is_too_large_is_not_read(visitor: Any) -> None:
    headers = {"content-type": "application/json", "content-length": "999999999999"}
    answer = visitor.api("POST", "/api/v1/orders", content=b"", headers=headers)
    assert answer.status_code == 413
    assert answer.json()["error"]["context"] == {"limit": 2 * 1024 * 1024}


@pytest.mark.parametrize("length", ["-1", "1e3", "1 2", "abc"])
def test_a_length_that_is_no_number_is_refused(visitor: Any, length: str) -> None:
    headers = {"content-type": "application/json", "content-length": length}
    assert visitor.api("POST", "/api/v1/orders", content=b"{}", headers=headers).status_code == 400


def test_a_body_that_does_not_say_is_stopped_on_the_way(visitor: Any) -> None:
    headers = {"content-type": "application/json"}
    answer = visitor.api("POST", "/api/v1/orders", content=_chunks(3000), headers=headers)
    assert answer.status_code == 413


def test_an_upload_is_digested_and_gone_afterwards(visitor: Any) -> None:
    content = b"y" * 300_000
    answer = visitor.api(
        "PUT", "/api/v1/orders/x/file", content=content, headers={"content-type": "text/csv"}
    )
    assert answer.json() == {
        "size": 300_000,
        "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "type": "text/csv",
    }
    assert visitor.api("PUT", "/api/v1/orders/x/file", content=b"").json()["size"] == 0
    assert list((visitor.folder / "uploads").iterdir()) == []


def test_an_upload_beyond_its_limit_is_refused_before_and_within(visitor: Any) -> None:
    declared = visitor.api("PUT", "/api/v1/orders/x/file", content=b"z" * (LIMIT + 1))
    streamed = visitor.api("PUT", "/api/v1/orders/x/file", content=_chunks(1001))
    exact = visitor.api("PUT", "/api/v1/orders/x/file", content=_chunks(1000))
    assert [declared.status_code, streamed.status_code, exact.status_code] == [413, 413, 200]
    assert list((visitor.folder / "uploads").iterdir()) == []


def _request(chunks: list[bytes]) -> Request:
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": index < len(chunks) - 1}
        for index, chunk in enumerate(chunks)
    ]

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    return Request({"type": "http", "headers": []}, receive)


def test_a_full_disk_is_said_as_such() -> None:
    with FileIO("/dev/full", "wb") as full, pytest.raises(TenutoError) as refused:
        asyncio.run(bodies._fill(_request([b"a" * 8]), full, 100))
    assert refused.value.fault.code == "web.upload_no_space"
    assert refused.value.fault.retryable


def test_an_upload_that_will_not_fit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async def receive_it(free: int) -> int:
        request = _request([b"a" * 8])
        request.scope["headers"] = [(b"content-length", b"8")]
        async with bodies.received_upload(request, Room(tmp_path, SimulatedDisk(free)), 100) as upload:
            return upload.size

    with pytest.raises(TenutoError) as refused:
        asyncio.run(receive_it(7))
    assert refused.value.fault.code == "web.upload_no_space"
    assert asyncio.run(receive_it(8)) == 8
    assert list(tmp_path.iterdir()) == []


def test_an_upload_that_the_disk_does_not_take_leaves_nothing(tmp_path: Path) -> None:
    async def receive_it() -> None:
        async with bodies.received_upload(_request([b"a" * 8, b"b" * 8]), Room(tmp_path, Disks()), 100):
            raise AssertionError("nothing was received")

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(TenutoError) as refused:
            asyncio.run(receive_it())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refused.value.fault.code == "web.upload_no_space"
    assert list(tmp_path.iterdir()) == []


class _Slow(FileIO):
    """Takes three bytes at a time, as a file may."""

    def write(self, content: Any) -> int:
        return super().write(memoryview(content)[:3])


def test_pieces_that_the_disk_takes_slowly_arrive_whole(tmp_path: Path) -> None:
    with _Slow(tmp_path / "file", "wb") as file:
        size, _ = asyncio.run(bodies._fill(_request([b"abcdefgh", b"ij"]), file, 100))
    assert (size, (tmp_path / "file").read_bytes()) == (10, b"abcdefghij")


def test_another_fault_of_the_disk_is_not_hidden(tmp_path: Path) -> None:
    async def receive_it() -> None:
        async with bodies.received_upload(_request([b"a"]), Room(tmp_path / "missing", Disks()), 100):
            raise AssertionError("nothing was received")

    with pytest.raises(FileNotFoundError):
        asyncio.run(receive_it())


def test_a_client_that_leaves_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    waiting = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def receive_it() -> None:
        request = Request({"type": "http", "headers": []}, receive)
        async with bodies.received_upload(request, Room(tmp_path, Disks()), 100):
            raise AssertionError("nothing was received")

    with pytest.raises(ClientDisconnect):
        asyncio.run(receive_it())
    assert list(tmp_path.iterdir()) == []


class _Open(Input, frozen=True, kw_only=True):
    value: Any = None


def test_nesting_too_deep_for_open_values_is_refused() -> None:
    with pytest.raises(TenutoError) as refused:
        bodies.decode_body(b'{"value": ' + b"[" * 100_000, _Open)
    assert refused.value.fault.code == "web.body_malformed"
