"""The upstream client against real sockets on loopback that keep, break and bend HTTP."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tenuto.core.clock import ManualClock
from tenuto.core.errors import TenutoError
from tenuto.gateway.client.http import UpstreamClient
from tenuto.gateway.client.pool import Connector, Pool
from tenuto.gateway.client.words import Origin, OutRequest, head_of, local, split_base
from tenuto.gateway.words.limits import Limits, Timeouts
from tenuto.testing.gateway_ports import LoopbackEgress

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
GET = OutRequest("GET", "/", ())
POST = OutRequest("POST", "/", (), b"body")


class Bench:
    """One server, one client, and what the server saw."""

    def __init__(self, origin: Origin, client: UpstreamClient, clock: ManualClock) -> None:
        self.origin = origin
        self.client = client
        self.clock = clock
        self.connections = 0
        self.requests: list[bytes] = []

    async def get(self, request: OutRequest = GET, patience: float = 2.0) -> tuple[int, bytes]:
        with await self.client.send(self.origin, request, patience) as response:
            return response.status, await response.read(patience, 10_000_000)


@asynccontextmanager
async def bench(
    handler: Handler, *, tls: ssl.SSLContext | None = None, trust: Any = None, **limits: Any
) -> AsyncIterator[Bench]:
    server = await asyncio.start_server(_counted(handler), "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    connector = Connector(LoopbackEgress(), Timeouts(connect=2.0), trust or ssl.create_default_context)
    client = UpstreamClient(Pool(connector, msgspec.structs.replace(Limits(), **limits), clock))
    made = Bench(Origin("https" if tls else "http", "127.0.0.1", port), client, clock)
    _BENCHES[port] = made
    try:
        yield made
    finally:
        client.close()
        server.close()
        del _BENCHES[port]


_BENCHES: dict[int, Bench] = {}


def _counted(handler: Handler) -> Handler:
    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _BENCHES[writer.get_extra_info("sockname")[1]].connections += 1
        try:
            await handler(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    return counted


async def request_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    _BENCHES[writer.get_extra_info("sockname")[1]].requests.append(head)
    if b"content-length: 4" in head:
        await reader.readexactly(4)
    return head


def answering(*pieces: bytes, then: str = "keep") -> Handler:
    """Answer every request with ``pieces``; afterwards keep the connection, close it, or abort it."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request_head(reader, writer)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if then == "abort":
                writer.transport.abort()
            if then != "keep":
                return

    return handler


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


async def failure(bench: Bench, request: OutRequest = GET, patience: float = 2.0) -> str:
    with pytest.raises(TenutoError) as failed:
        await bench.get(request, patience)
    return f"{failed.value.fault.code}: {failed.value.detail}"


def test_a_connection_is_kept_for_the_next_call() -> None:
    async def work() -> None:
        async with bench(answering(OK)) as made:
            for _ in range(3):
                assert await made.get(POST) == (200, b"hi")
            assert made.connections == 1
            assert made.requests[0].startswith(b"POST / HTTP/1.1\r\nhost: 127.0.0.1:")

    run(work)


def test_a_connection_too_long_idle_is_not_used_again() -> None:
    async def work() -> None:
        async with bench(answering(OK), idle_connection_age=30.0) as made:
            await made.get()
            made.clock.advance(31)
            await made.get()
            assert made.connections == 2

    run(work)


def test_an_answer_not_read_to_its_end_costs_its_connection() -> None:
    async def work() -> None:
        async with bench(answering(OK)) as made:
            with await made.client.send(made.origin, GET, 2.0) as response:
                assert response.status == 200
            await made.get()
            assert made.connections == 2

    run(work)


@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nh\r\n", b"1\r\ni\r\n0\r\n\r\n"],
        [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", OK],
        [bytes([byte]) for byte in OK],
    ],
)
def test_answers_come_in_any_framing_and_any_pieces(pieces: list[bytes]) -> None:
    async def work() -> None:
        async with bench(answering(*pieces)) as made:
            assert await made.get() == (200, b"hi")
            assert await made.get() == (200, b"hi")
            assert made.connections == 1

    run(work)


def test_an_answer_may_end_with_its_connection() -> None:
    async def work() -> None:
        async with bench(answering(b"HTTP/1.1 200 OK\r\n\r\nhi", then="close")) as made:
            assert await made.get() == (200, b"hi")
            assert await made.get() == (200, b"hi")
            assert made.connections == 2

    run(work)


def test_answers_without_a_body() -> None:
    async def work() -> None:
        async with bench(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as made:
            assert await made.get() == (204, b"")
        async with bench(answering(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n")) as made:
            assert await made.get(OutRequest("HEAD", "/", ())) == (200, b"")

    run(work)


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async def work() -> None:
        moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
        async with bench(answering(moved)) as made:
            assert await made.get() == (302, b"")
            assert len(made.requests) == 1

    run(work)


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (answering(OK[:-1], then="abort"), "upstream_cut"),
        (answering(OK[:-1], then="close"), "upstream_cut"),
        (
            answering(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nh\r\n", then="close"),
            "upstream_cut",
        ),
        (answering(b"HTTP/1.1 200", then="close"), "upstream_cut"),
        (answering(then="close"), "upstream_unreachable"),
        (answering(b"SSH-2.0-OpenSSH\r\n\r\n"), "upstream_malformed"),
        (answering(b"HTTP/1.1 200 OK\r\n" + b"x: %b\r\n" % (b"y" * 70_000)), "upstream_malformed"),
        (answering(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 300 + b"\r\n"), "upstream_malformed"),
        (
            answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n"),
            "upstream_malformed",
        ),
    ],
)
def test_what_is_broken_is_told_apart(handler: Handler, code: str) -> None:
    async def work() -> None:
        async with bench(handler) as made:
            assert (await failure(made)).startswith(f"gateway.{code}")

    run(work)


def test_a_second_answer_is_never_taken_for_the_next_ones() -> None:
    async def work() -> None:
        async with bench(answering(OK + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")) as made:
            for _ in range(2):
                try:
                    assert await made.get() == (200, b"hi")
                except TenutoError as error:
                    assert error.fault.code == "gateway.upstream_malformed"  # noqa: PT017  # both ways are safe
            assert made.connections == 2

    run(work)


def test_an_upstream_that_says_nothing_or_stops_is_not_waited_for_for_ever() -> None:
    async def work() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_head(reader, writer)
            await reader.read()

        async with bench(silent) as made:
            assert (
                await failure(made, patience=0.05) == "gateway.upstream_timeout: it sent no answer for 0.05 s"
            )
        async with bench(answering(OK[:-1])) as made:
            assert "paused in the middle" in await failure(made, patience=0.05)

    run(work)


def test_a_stale_connection_is_replaced_once_where_that_is_safe() -> None:
    async def work() -> None:
        async def one_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_head(reader, writer)
            writer.write(OK)
            await request_head(reader, writer)  # the second request finds the connection closing

        async with bench(one_each) as made:
            await made.get(POST)
            assert (await failure(made, POST)).startswith("gateway.upstream_unreachable")
            await made.get(POST)
            assert await made.get(msgspec.structs.replace(POST, replayable=True)) == (200, b"hi")
            assert made.connections == 3

    run(work)


def test_a_fresh_connection_that_dies_is_not_tried_again() -> None:
    async def work() -> None:
        async with bench(answering(then="close")) as made:
            await failure(made, msgspec.structs.replace(POST, replayable=True))
            assert made.connections == 1

    run(work)


def test_the_number_of_connections_is_bounded_and_waiting_is_too() -> None:
    async def work() -> None:
        async with bench(answering(OK), connections_per_origin=1, connection_wait=0.05) as made:
            with await made.client.send(made.origin, GET, 2.0):
                assert (await failure(made)).startswith("gateway.upstream_overloaded: all 1 connections")
            assert await made.get() == (200, b"hi")

    run(work)


def test_a_body_larger_than_wanted_is_refused_and_a_slow_reader_slows_the_sender() -> None:
    async def work() -> None:
        sent = 0

        async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            await request_head(reader, writer)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n")
            while sent < 50_000_000:
                writer.write(b"x" * 100_000)
                await writer.drain()
                sent += 100_000

        async with bench(large) as made:
            with await made.client.send(made.origin, GET, 2.0) as response:
                await asyncio.sleep(0.2)
                assert sent < 20_000_000
                with pytest.raises(TenutoError, match="more than 1000000 bytes"):
                    await response.read(2.0, 1_000_000)

    run(work)


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        await asyncio.sleep(0)
        yield piece


def test_a_body_is_sent_as_it_comes() -> None:
    async def work() -> None:
        received: list[bytes] = []

        async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for end in (b"0\r\n\r\n", b"ef"):
                await request_head(reader, writer)
                received.append(await reader.readuntil(end))
                writer.write(OK)

        async with bench(collect) as made:
            await made.get(OutRequest("POST", "/", (), pieces(b"ab", b"", b"cd")))
            await made.get(OutRequest("POST", "/", (), pieces(b"ab", b"cdef"), 6))
        assert received == [b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", b"abcdef"]

    run(work)


def test_a_body_shorter_than_announced_is_never_taken_for_whole() -> None:
    async def work() -> None:
        ended = asyncio.Event()

        async def expect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_head(reader, writer)
            try:
                await reader.readexactly(9)
            except (asyncio.IncompleteReadError, ConnectionError):
                ended.set()

        async with bench(expect) as made:
            said = await failure(made, OutRequest("POST", "/", (), pieces(b"ab"), 9))
            assert said == "gateway.request_cut: 2 of 9 bytes came"
            await asyncio.wait_for(ended.wait(), 2.0)

    run(work)


def test_an_early_answer_ends_the_upload() -> None:
    async def work() -> None:
        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_head(reader, writer)
            writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            await writer.drain()

        async def endless() -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0.001)
                yield b"x" * 1_000

        async with bench(refuse) as made:
            assert await made.get(OutRequest("POST", "/", (), endless())) == (413, b"")

    run(work)


def test_hosts_that_are_not_allowed_are_not_even_resolved() -> None:
    async def work() -> None:
        async with bench(answering(OK)) as made:
            with pytest.raises(TenutoError, match="allow-list"):
                await made.client.send(Origin("http", "example.org", 80), GET, 1.0)
            nobody = Origin("http", "127.0.0.1", 1)
            with pytest.raises(TenutoError) as refused:
                await made.client.send(nobody, GET, 1.0)
            assert refused.value.fault.code == "gateway.upstream_unreachable"

    run(work)


def test_local_sockets(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(answering(OK)) as made:

            async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(OK)
                await writer.drain()
                writer.close()

            server = await asyncio.start_unix_server(plain, tmp_path / "s")
            with await made.client.send(local(str(tmp_path / "s")), GET, 1.0) as response:
                assert await response.read(1.0, 10) == b"hi"
            server.close()

    run(work)


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.IPAddress(__import__("ipaddress").ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "cert.pem", folder / "key.pem"


def test_certificates_are_verified(tmp_path: Path) -> None:
    async def work() -> None:
        cert, key = certificate(tmp_path)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(cert, key)
        async with bench(answering(OK), tls=tls) as made:
            assert (await failure(made)).startswith("gateway.upstream_unreachable")
        async with bench(
            answering(OK), tls=tls, trust=lambda: ssl.create_default_context(cafile=cert)
        ) as made:
            assert await made.get(POST) == (200, b"hi")
            assert await made.get(POST) == (200, b"hi")
            assert made.connections == 1

    run(work)


@pytest.mark.parametrize(
    "request_made",
    [
        OutRequest("GET", "/a b", ()),
        OutRequest("GET", "/\r\nx: y", ()),
        OutRequest("GET", "/", (("x", "a\r\nb: c"),)),
        OutRequest("GET", "/", (("x\n", "a"),)),
        OutRequest("GET", "/", (("x", "a\0"),)),
    ],
)
def test_nothing_can_be_smuggled_in_a_header(request_made: OutRequest) -> None:
    with pytest.raises(TenutoError, match="line break"):
        head_of(request_made, Origin("http", "h", 80))


def test_base_addresses() -> None:
    assert split_base("https://api.test/v1/") == (Origin("https", "api.test", 443), "/v1")
    assert split_base("http://[::1]:8080") == (Origin("http", "::1", 8080), "")
    assert str(Origin("http", "::1", 8080)) == "http://[::1]:8080"
    for wrong in ("ftp://a", "api.test/v1", "https://user:pw@a", "https://a?x=1", "https://a#b", ""):
        with pytest.raises(TenutoError):
            split_base(wrong)
