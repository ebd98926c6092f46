from __future__ import annotations

import pytest

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import DOOR_METHOD, UPSTREAM_LIMITED
from tenuto.gateway.server.doors import DoorKind, door_of
from tenuto.gateway.server.replies import error_headers, header_text, status_for
from tenuto.gateway.words.routing import Operation, WireFormat


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("/v1/chat/completions", DoorKind.CALL, ""),
        ("/v1/messages", DoorKind.CALL, ""),
        ("/anthropic/v1/messages", DoorKind.CALL, ""),
        ("/v1/embeddings", DoorKind.CALL, ""),
        ("/v1/models", DoorKind.MODELS, ""),
        ("/v1/models/team/large", DoorKind.MODELS, "team/large"),
        ("/health/liveness", DoorKind.LIVENESS, ""),
        ("/health/readiness", DoorKind.READINESS, ""),
        ("/v2", DoorKind.PREDICTION, ""),
        ("/v2/models/a/infer", DoorKind.PREDICTION, "models/a/infer"),
        ("/", DoorKind.PASSING, ""),
        ("/api/v1/models", DoorKind.PASSING, ""),
        ("/v1/chat/completions/", DoorKind.UNKNOWN, ""),
        ("/v1/responses", DoorKind.UNKNOWN, ""),
        ("/v1", DoorKind.UNKNOWN, ""),
        ("/v1/messages/count_tokens", DoorKind.UNKNOWN, ""),
        ("/anthropic/v1/files", DoorKind.UNKNOWN, ""),
        ("/v1x", DoorKind.PASSING, ""),
        ("/anthropics", DoorKind.PASSING, ""),
        ("/v2x", DoorKind.PASSING, ""),
    ],
)
def test_each_path_has_its_door(path: str, kind: DoorKind, name: str) -> None:
    door = door_of(path)
    assert (door.kind, door.name) == (kind, name)


def test_doors_know_their_format_and_operation() -> None:
    assert door_of("/v1/messages").format is WireFormat.MESSAGES
    assert door_of("/v1/messages/count_tokens").format is WireFormat.MESSAGES
    assert door_of("/anthropic").format is WireFormat.MESSAGES
    assert door_of("/v1/messagesx").format is WireFormat.CHAT_COMPLETIONS
    assert door_of("/v1/embeddings").operation is Operation.EMBEDDINGS


def test_errors_bring_their_headers() -> None:
    wrong = TenutoError(DOOR_METHOD, "POST")
    assert status_for(wrong) == 405
    assert ("allow", "POST") in error_headers(wrong)
    assert ("retry-after", "7") in error_headers(TenutoError(UPSTREAM_LIMITED, retry_after=7))
    assert ("retry-after", "1") in error_headers(TenutoError(UPSTREAM_LIMITED))


def test_names_are_safe_in_headers() -> None:
    assert header_text("plain/name") == "plain/name"
    assert header_text("a\r\nb: c") == "a??b: c"
    assert header_text("été") == "\\xe9t\\xe9"
    assert len(header_text("x" * 9_999)) == 500
