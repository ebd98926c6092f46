"""The connection to a platform: kept alive, patient where that is safe, and plain about what went wrong."""

from __future__ import annotations

import io
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support.http_script import HANG_UP, Said, ScriptedServer, answer
from tenuto.client.errors import (
    ADDRESS_INVALID,
    ANSWER_UNREADABLE,
    NO_ANSWER_IN_TIME,
    NOT_TRUSTED,
    UNREACHABLE,
)
from tenuto.client.http import Connection, Limits, Message, parse_address
from tenuto.core.errors import FaultKind, TenutoError

GET = Message(method="GET", target="/x?a=1")
POST = Message(method="POST", target="/x", body=b"{}")
FAULT = {
    "code": "govern.not_allowed",
    "summary": "the policies do not allow this",
    "detail": "Ann may not",
    "fix": "Ask somebody who may.",
    "retryable": False,
    "request_id": "r1",
}


class Pauses(list[float]):
    """Takes the place of waiting, and writes down for how long."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def _connected(server: ScriptedServer, pauses: Pauses | None = None, **limits: float) -> Connection:
    return Connection(
        parse_address(server.address), Limits(**limits), pause=Pauses() if pauses is None else pauses
    )


def _refused(connection: Connection, message: Message) -> TenutoError:
    with pytest.raises(TenutoError) as refused:
        connection.fetch(message)
    connection.close()
    return refused.value


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("http://127.0.0.1:8484", "http://127.0.0.1:8484"),
        ("https://tenuto.example.com/", "https://tenuto.example.com"),
        (" https://example.com/ai/ ", "https://example.com/ai"),
        ("http://[::1]:8484", "http://[::1]:8484"),
        ("HTTP://Example.com", "http://example.com"),
    ],
)
def test_an_address_has_one_spelling(text: str, kept: str) -> None:
    assert str(parse_address(text)) == kept


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:8484",
        "ftp://example.com",
        "http://",
        "http://ann:secret@example.com",
        "http://example.com/?a=1",
        "http://example.com/#a",
        "http://example.com:99999",
        "http://[::1",
    ],
)
def test_an_address_that_could_lead_astray_is_refused_without_repeating_a_password(text: str) -> None:
    with pytest.raises(TenutoError) as refused:
        parse_address(text)
    assert refused.value.fault is ADDRESS_INVALID
    assert "secret" not in str(refused.value)


def test_one_connection_serves_many_requests() -> None:
    with ScriptedServer(answer(200, b'{"a":1}')) as server:
        connection = _connected(server)
        assert [connection.fetch(GET) for _ in range(3)] == [b'{"a":1}'] * 3
        assert [asked.connection for asked in server.asked] == [1, 1, 1]
        connection.close()


def test_a_prefix_stands_before_every_path() -> None:
    with ScriptedServer(answer(200)) as server:
        connection = Connection(parse_address(f"{server.address}/ai"))
        connection.fetch(GET)
        connection.close()
    assert server.asked[0].target == "/ai/x?a=1"


@pytest.mark.parametrize("message", [GET, POST], ids=["GET", "POST"])
def test_a_connection_that_the_server_let_go_of_is_not_used_again(message: Message) -> None:
    with ScriptedServer(answer(200)) as server:
        connection = _connected(server)
        connection.fetch(message)
        server.drop_connections()
        connection.fetch(message)
        connection.close()
    assert [asked.connection for asked in server.asked] == [1, 2]


def test_a_get_without_an_answer_is_sent_again() -> None:
    pauses = Pauses()
    with ScriptedServer(HANG_UP, HANG_UP, answer(200, b"[]")) as server:
        connection = _connected(server, pauses)
        assert connection.fetch(GET) == b"[]"
        connection.close()
    assert len(server.asked) == 3
    assert pauses == [0.2, 0.4]


def test_a_post_without_an_answer_is_not_sent_again() -> None:
    with ScriptedServer(HANG_UP) as server:
        error = _refused(_connected(server), POST)
    assert error.fault is UNREACHABLE
    assert len(server.asked) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_may_be_repeated_comes_back_when_told(method: str) -> None:
    pauses = Pauses()
    busy = answer(503, msgspec.json.encode({"error": FAULT}), Retry_After="2")
    with ScriptedServer(busy, answer(200)) as server:
        connection = _connected(server, pauses)
        connection.fetch(Message(method=method, target="/x"))
        connection.close()
    assert pauses == [2.0]
    assert [asked.connection for asked in server.asked] == [1, 1]


@pytest.mark.parametrize(("method", "wait"), [("POST", "1"), ("GET", "3600"), ("GET", "tomorrow")])
def test_what_may_not_be_repeated_or_takes_long_is_told(method: str, wait: str) -> None:
    busy = answer(503, msgspec.json.encode({"error": FAULT}), Retry_After=wait)
    with ScriptedServer(busy) as server:
        connection = _connected(server)
        error = _refused(connection, Message(method=method, target="/x"))
        connection.close()
    assert error.fault.kind is FaultKind.UNAVAILABLE
    assert len(server.asked) == 1


def test_who_keeps_telling_to_come_back_is_believed_in_the_end() -> None:
    with ScriptedServer(answer(503, msgspec.json.encode({"error": FAULT}), Retry_After="1")) as server:
        connection = _connected(server)
        assert _refused(connection, GET).fault.code == FAULT["code"]
        connection.close()
    assert len(server.asked) == 3


@pytest.mark.parametrize("shape", [{"error": FAULT}, FAULT], ids=["control plane", "data plane"])
def test_an_error_is_rebuilt_from_either_shape(shape: dict[str, object]) -> None:
    with ScriptedServer(answer(403, msgspec.json.encode(shape))) as server:
        connection = _connected(server)
        error = _refused(connection, POST)
        connection.close()
    assert error.as_json() == {
        **{name: value for name, value in FAULT.items() if name != "request_id"},
        "context": {"request_id": "r1"},
    }
    assert error.fault.kind is FaultKind.FORBIDDEN


def test_context_cannot_take_the_place_of_anything_else() -> None:
    strange = {**FAULT, "context": {"detail": "x", "fault": "y", "limit": 3}}
    with ScriptedServer(answer(400, msgspec.json.encode({"error": strange}))) as server:
        connection = _connected(server)
        error = _refused(connection, POST)
        connection.close()
    assert error.detail == "Ann may not"
    assert error.context == {"detail": "x", "fault": "y", "limit": 3, "request_id": "r1"}


@pytest.mark.parametrize("status", [400, 404, 502])
def test_a_stranger_at_the_address_is_told_from_a_platform(status: int) -> None:
    with ScriptedServer(answer(status, b"<html>nginx</html>")) as server:
        connection = _connected(server)
        error = _refused(connection, GET)
        connection.close()
    assert error.fault is ANSWER_UNREADABLE
    assert f"status {status}" in error.detail


def test_a_token_does_not_follow_a_redirect() -> None:
    with ScriptedServer(answer(200)) as elsewhere:
        with ScriptedServer(answer(307, b"", Location=f"{elsewhere.address}/x")) as server:
            connection = _connected(server)
            assert _refused(connection, GET).fault is ANSWER_UNREADABLE
            connection.close()
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    "cut",
    [
        Said(b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nabc", closes=True),
        Said(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", closes=True),
    ],
    ids=["length", "chunks"],
)
def test_an_answer_that_breaks_off_is_not_taken_for_one(cut: Said) -> None:
    with ScriptedServer(cut) as server:
        assert _refused(_connected(server), POST).fault is UNREACHABLE


def test_garbage_instead_of_http_is_told() -> None:
    with ScriptedServer(Said(b"SSH-2.0-OpenSSH\r\n", closes=True)) as server:
        assert _refused(_connected(server), POST).fault is UNREACHABLE


def test_nobody_there_is_told_with_the_address() -> None:
    with ScriptedServer(answer(200)) as server:
        address = server.address
    error = _refused(Connection(parse_address(address), pause=Pauses()), GET)
    assert error.fault is UNREACHABLE
    assert address in error.detail


def test_a_request_that_was_taken_and_not_answered_says_so() -> None:
    with ScriptedServer(Said(b"")) as server:
        error = _refused(_connected(server, answering=0.2), POST)
    assert error.fault is NO_ANSWER_IN_TIME
    assert not error.fault.retryable


def test_a_file_is_sent_piece_by_piece() -> None:
    content = bytes(range(256)) * 20_000
    with ScriptedServer(answer(200)) as server:
        connection = _connected(server)
        connection.fetch(Message(method="POST", target="/x", file=io.BytesIO(content), size=len(content)))
        connection.close()
    assert server.asked[0].body == content
    assert server.asked[0].headers["content-length"] == str(len(content))


def test_a_refusal_before_the_whole_file_was_read_is_heard() -> None:
    size = 64 * 2**20
    refusal = answer(413, msgspec.json.encode({"error": FAULT}))
    with ScriptedServer(Said(refusal.content, closes=True, reads=False)) as server:
        connection = _connected(server)
        error = _refused(
            connection, Message(method="POST", target="/x", file=io.BytesIO(bytes(size)), size=size)
        )
        connection.close()
    # Where the server's end is told before its answer is read, there is no answer left to hear.
    assert error.fault.kind in {FaultKind.TOO_LARGE, FaultKind.UNAVAILABLE}


def test_a_download_goes_to_a_file_whole() -> None:
    content = b"x" * 3_000_000
    with ScriptedServer(answer(200, content)) as server:
        connection, target = _connected(server), io.BytesIO()
        assert connection.download(GET, target) == len(content)
        assert connection.download(GET, io.BytesIO()) == len(content)
        connection.close()
    assert target.getvalue() == content
    assert [asked.connection for asked in server.asked] == [1, 1]


def test_a_certificate_is_verified_and_named(tmp_path: Path) -> None:
    own, trusting = _certificate(tmp_path)
    with ScriptedServer(answer(200, b"1"), trust=own) as server:
        error = _refused(Connection(parse_address(server.address)), GET)
        assert error.fault is NOT_TRUSTED
        assert "self-signed" in error.detail
        connection = Connection(parse_address(server.address), trust=trusting)
        assert connection.fetch(GET) == b"1"
        connection.close()


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    own, trusting = _certificate(tmp_path)
    with ScriptedServer(answer(200), trust=own) as server:
        other = parse_address(server.address.replace("localhost", "127.0.0.2"))
        assert _refused(Connection(other, trust=trusting), POST).fault in {NOT_TRUSTED, UNREACHABLE}


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context with a certificate of its own, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(path)
    return own, ssl.create_default_context(cafile=str(path))
