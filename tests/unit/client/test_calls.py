"""From a route and its values to what goes over the wire."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.http_script import Said, ScriptedServer, answer
from tenuto.client.api import Tenuto
from tenuto.client.documents import Document
from tenuto.client.errors import ANSWER_UNREADABLE, FILE_NOT_WRITTEN, UNREACHABLE
from tenuto.core.errors import INVALID_VALUE, TenutoError

WHO = b'{"actor":{"kind":"person","id":"1","name":"Ann","new":1},"workspace":null,"later":[1]}'


def test_a_key_and_a_workspace_go_with_every_request() -> None:
    with ScriptedServer(answer(200, WHO)) as server, Tenuto(server.address, "tnt_x", "lab") as client:
        assert client.identities.whoami().actor.name == "Ann"
        client.within(None).identities.whoami()
    first, second = server.asked
    assert first.headers["authorization"] == "Bearer tnt_x"
    assert first.headers["tenuto-workspace"] == "lab"
    assert second.headers["authorization"] == "Bearer tnt_x"
    assert "tenuto-workspace" not in second.headers
    assert first.connection == second.connection


def test_values_stand_in_the_path_as_themselves() -> None:
    with ScriptedServer(answer(200, b'{"items":[]}')) as server, Tenuto(server.address) as client:
        client.resources.history("Route", "a/../b c?d#e%")
        client.runs.logs("7", node="a&b=c")
    assert server.asked[0].target == "/api/v1/resources/Route/a%2F..%2Fb%20c%3Fd%23e%25/history"
    assert server.asked[1].target == "/api/v1/runs/7/logs?node=a%26b%3Dc"


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(TenutoError) as refused:
        Tenuto("http://127.0.0.1:1").resources.get("Route", name)
    assert refused.value.fault is INVALID_VALUE


@pytest.mark.parametrize(("token", "workspace"), [("a b", None), ("a\r\nX: y", None), ("a", "é"), ("", None)])
def test_a_header_cannot_be_smuggled_and_a_token_is_not_repeated(token: str, workspace: str | None) -> None:
    with pytest.raises(TenutoError) as refused:
        Tenuto("http://127.0.0.1:1", token, workspace).identities.whoami()
    assert refused.value.fault is INVALID_VALUE
    assert "X: y" not in str(refused.value)


def test_documents_go_out_as_the_api_takes_them() -> None:
    document = Document("Route", "chat", {"a": 1}, "lab", origin="r.yaml:1")
    with ScriptedServer(answer(200, b'{"changes":[]}')) as server, Tenuto(server.address) as client:
        assert client.resources.apply([document]) == []
    assert server.asked[0].method == "POST"
    assert server.asked[0].headers["content-type"] == "application/json"
    assert server.asked[0].body == (
        b'{"documents":[{"kind":"Route","name":"chat","spec":{"a":1},"workspace":"lab","origin":"r.yaml:1"}]}'
    )


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"actor":null}', b"\xff"])
def test_an_answer_of_another_shape_is_told(content: bytes) -> None:
    with (
        ScriptedServer(answer(200, content)) as server,
        Tenuto(server.address) as client,
        pytest.raises(TenutoError) as refused,
    ):
        client.identities.whoami()
    assert refused.value.fault is ANSWER_UNREADABLE


def test_a_download_is_private_and_never_replaces_a_file(tmp_path: Path) -> None:
    target = tmp_path / "audit.zip"
    with ScriptedServer(answer(200, b"zip")) as server, Tenuto(server.address) as client:
        assert client.audit.export(target) == 3
        assert target.stat().st_mode & 0o777 == 0o600
        with pytest.raises(TenutoError) as refused:
            client.audit.export(target)
    assert refused.value.fault is FILE_NOT_WRITTEN
    assert target.read_bytes() == b"zip"


def test_a_download_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    cut = Said(b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nabc", closes=True)
    with (
        ScriptedServer(cut) as server,
        Tenuto(server.address) as client,
        pytest.raises(TenutoError) as refused,
    ):
        client.registry.artifact_content("sha256:00", tmp_path / "model.onnx")
    assert refused.value.fault is UNREACHABLE
    assert list(tmp_path.iterdir()) == []
