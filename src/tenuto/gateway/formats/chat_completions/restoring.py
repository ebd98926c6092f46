"""Puts personal data back into chunks that are otherwise passed on as they came."""

from __future__ import annotations

import msgspec

from tenuto.gateway.ports import MakeRestorer, Restorer
from tenuto.gateway.stream.sse import sse
from tenuto.gateway.words.answer import Frame

_Members = dict[str, msgspec.Raw]

_OBJECT = msgspec.json.Decoder(_Members)
_OBJECTS = msgspec.json.Decoder(list[_Members])
_TEXT = msgspec.json.Decoder(str)
_NUMBER = msgspec.json.Decoder(int)
_ENCODER = msgspec.json.Encoder()
_TEXTS = ("content", "refusal", "reasoning_content")


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(_ENCODER.encode(value))


def _given(members: _Members, name: str) -> msgspec.Raw | None:
    raw = members.get(name)
    return None if raw is None or bytes(raw) == b"null" else raw


class ChunkEditor:
    """One restorer for each run of text: by choice and field, and by choice and tool call."""

    def __init__(self, restorer: MakeRestorer) -> None:
        self._make = restorer
        self._runs: dict[tuple[int, str | int], Restorer] = {}

    def edit(self, frame: Frame) -> bytes:
        if not frame.events or not frame.data.startswith(b"{"):
            return frame.raw
        chunk = _OBJECT.decode(frame.data)
        choices = _given(chunk, "choices")
        if choices is None:
            return frame.raw
        chunk["choices"] = _raw([self._choice(choice) for choice in _OBJECTS.decode(choices)])
        return sse(_ENCODER.encode(chunk))

    def _choice(self, choice: _Members) -> _Members:
        index = _NUMBER.decode(choice["index"]) if "index" in choice else 0
        raw_delta = _given(choice, "delta")
        delta = {} if raw_delta is None else _OBJECT.decode(raw_delta)
        for name in _TEXTS:
            text = _given(delta, name)
            if text is not None:
                delta[name] = _raw(self._run(index, name).feed(_TEXT.decode(text)))
        calls = _given(delta, "tool_calls")
        if calls is not None:
            delta["tool_calls"] = _raw([self._call(index, call) for call in _OBJECTS.decode(calls)])
        if _given(choice, "finish_reason") is not None:
            self._flush(index, delta)
        choice["delta"] = _raw(delta)
        return choice

    def _call(self, choice: int, call: _Members) -> _Members:
        raw_function = _given(call, "function")
        if raw_function is None:
            return call
        function = _OBJECT.decode(raw_function)
        text = _given(function, "arguments")
        if text is not None:
            run = self._run(choice, _NUMBER.decode(call["index"]) if "index" in call else 0)
            function["arguments"] = _raw(run.feed(_TEXT.decode(text)))
            call["function"] = _raw(function)
        return call

    def _run(self, choice: int, name: str | int) -> Restorer:
        key = (choice, name)
        if key not in self._runs:
            self._runs[key] = self._make(in_json=isinstance(name, int))
        return self._runs[key]

    def _flush(self, choice: int, delta: _Members) -> None:
        """Add what is still held back to the chunk that finishes the choice."""
        calls = [] if "tool_calls" not in delta else _OBJECTS.decode(delta["tool_calls"])
        for key in [key for key in self._runs if key[0] == choice]:
            rest = self._runs.pop(key).finish()
            name = key[1]
            if rest and isinstance(name, str):
                said = _given(delta, name)
                delta[name] = _raw(("" if said is None else _TEXT.decode(said)) + rest)
            elif rest:
                calls.append({"index": _raw(name), "function": _raw({"arguments": rest})})
        if calls:
            delta["tool_calls"] = _raw(calls)
