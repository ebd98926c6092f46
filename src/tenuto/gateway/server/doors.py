"""Which path is which door. What is not named here belongs to the control plane."""

from __future__ import annotations

from enum import Enum

import msgspec

from tenuto.gateway.words.routing import Operation, WireFormat


class DoorKind(Enum):
    CALL = "call"
    MODELS = "models"
    LIVENESS = "liveness"
    READINESS = "readiness"
    PREDICTION = "prediction"
    PASSING = "passing"
    UNKNOWN = "unknown"  # below the doors for models, but none of them


class Door(msgspec.Struct, frozen=True):
    kind: DoorKind
    methods: tuple[str, ...] = ("GET", "HEAD")
    format: WireFormat = WireFormat.CHAT_COMPLETIONS
    operation: Operation = Operation.CHAT
    name: str = ""  # what follows the door's own path


_POST = ("POST",)
_CHAT = Door(DoorKind.CALL, _POST)
_EMBEDDINGS = Door(DoorKind.CALL, _POST, operation=Operation.EMBEDDINGS)
_MESSAGES = Door(DoorKind.CALL, _POST, WireFormat.MESSAGES)
_MODELS = Door(DoorKind.MODELS)
_MESSAGES_MODELS = Door(DoorKind.MODELS, format=WireFormat.MESSAGES)
_PASSING = Door(DoorKind.PASSING, ())

_UNKNOWN = Door(DoorKind.UNKNOWN, ())
_MESSAGES_UNKNOWN = Door(DoorKind.UNKNOWN, (), WireFormat.MESSAGES)

_EXACT = {
    "/v1/chat/completions": _CHAT,
    "/v1/embeddings": _EMBEDDINGS,
    "/v1/messages": _MESSAGES,
    "/anthropic/v1/messages": _MESSAGES,
    "/v1/models": _MODELS,
    "/anthropic/v1/models": _MESSAGES_MODELS,
    "/health/liveness": Door(DoorKind.LIVENESS),
    "/health/liveliness": Door(DoorKind.LIVENESS),
    "/health/readiness": Door(DoorKind.READINESS),
}
_BELOW = {
    "/v1/models/": _MODELS,
    "/anthropic/v1/models/": _MESSAGES_MODELS,
    "/v2/": Door(DoorKind.PREDICTION, ()),
}
# What a client asks for that Tenuto does not serve is refused in that client's own format. The longer ones first.
_UNKNOWN_BELOW = (
    ("/v1/messages/", _MESSAGES_UNKNOWN),
    ("/anthropic/", _MESSAGES_UNKNOWN),
    ("/v1/", _UNKNOWN),
)


def served_paths(form: WireFormat) -> list[str]:
    """Return the paths that take calls in a format."""
    return [path for path, door in _EXACT.items() if path.count("/v1/") and door.format is form]


def door_of(path: str) -> Door:
    """Return the door of a decoded path."""
    exact = _EXACT.get(path)
    if exact is not None:
        return exact
    if path == "/v2":
        return Door(DoorKind.PREDICTION, ())
    for prefix, door in _BELOW.items():
        if path.startswith(prefix):
            return msgspec.structs.replace(door, name=path.removeprefix(prefix))
    return next((door for prefix, door in _UNKNOWN_BELOW if f"{path}/".startswith(prefix)), _PASSING)
