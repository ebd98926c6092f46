"""Puts personal data back into events that are otherwise passed on as they came.

Thinking is left as it is: its signature covers the text the model wrote.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.gateway.ports import MakeRestorer, Restorer
from tenuto.gateway.stream.sse import sse
from tenuto.gateway.words.answer import Frame

_Members = dict[str, msgspec.Raw]

_OBJECT = msgspec.json.Decoder(_Members)
_ENCODER = msgspec.json.Encoder()
_TEXTS = {"text_delta": "text", "input_json_delta": "partial_json"}


class _Event(msgspec.Struct):
    type: str
    index: int = 0
    delta: msgspec.Raw = msgspec.Raw(b"{}")


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    partial_json: str = ""


_EVENT = msgspec.json.Decoder(_Event)
_DELTA = msgspec.json.Decoder(_Delta)


class EventEditor:
    """One restorer for each content block."""

    def __init__(self, restorer: MakeRestorer) -> None:
        self._make = restorer
        self._runs: dict[int, tuple[str, Restorer]] = {}

    def edit(self, frame: Frame) -> bytes:
        if not frame.data.startswith(b"{"):
            return frame.raw
        event = _EVENT.decode(frame.data)
        if event.type == "content_block_delta":
            return self._delta(frame, event)
        if event.type == "content_block_stop":
            return self._rest(event.index) + frame.raw
        return frame.raw

    def _delta(self, frame: Frame, event: _Event) -> bytes:
        delta = _DELTA.decode(event.delta)
        name = _TEXTS.get(delta.type)
        if name is None:
            return frame.raw
        if event.index not in self._runs:
            self._runs[event.index] = (delta.type, self._make(in_json=delta.type == "input_json_delta"))
        shown = self._runs[event.index][1].feed(delta.text or delta.partial_json)
        members, edited = _OBJECT.decode(frame.data), _OBJECT.decode(event.delta)
        edited[name] = msgspec.Raw(_ENCODER.encode(shown))
        members["delta"] = msgspec.Raw(_ENCODER.encode(edited))
        return sse(_ENCODER.encode(members), event.type)

    def _rest(self, index: int) -> bytes:
        kind, run = self._runs.pop(index, ("", None))
        rest = run.finish() if run else ""
        if not rest:
            return b""
        delta: dict[str, Any] = {"type": kind, _TEXTS[kind]: rest}
        members = {"type": "content_block_delta", "index": index, "delta": delta}
        return sse(_ENCODER.encode(members), "content_block_delta")
