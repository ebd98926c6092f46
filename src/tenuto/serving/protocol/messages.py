"""The protocol's JSON messages. Unknown members are left alone, as the protocol asks of extensions."""

from __future__ import annotations

from typing import Any

import msgspec

NO_DATA = msgspec.Raw(b"")


class InputMessage(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] = {}
    data: msgspec.Raw = NO_DATA  # read later, straight into the datatype it must have


class OutputMessage(msgspec.Struct):
    name: str
    parameters: dict[str, Any] = {}


class InferMessage(msgspec.Struct):
    inputs: list[InputMessage]
    id: str = ""
    parameters: dict[str, Any] = {}
    outputs: list[OutputMessage] = []


class AnswerTensor(msgspec.Struct, omit_defaults=True):
    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, Any] = {}
    data: list[Any] | None = None


class AnswerMessage(msgspec.Struct, omit_defaults=True):
    model_name: str
    model_version: str
    outputs: list[AnswerTensor]
    id: str = ""
