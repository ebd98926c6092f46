"""The parts of answers that are read, whole or in events. What is not named here passes by unread."""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.adapters.providers.counts import counts_read
from tenuto.gateway.words.accounting import UsageReport, count_of
from tenuto.gateway.words.answer import StopReason

_STOP = {
    "end_turn": StopReason.END,
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.LENGTH,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "tool_use": StopReason.TOOL_USE,
    "pause_turn": StopReason.PAUSED,
    "refusal": StopReason.FILTERED,
}


class OutputDetails(msgspec.Struct):
    thinking_tokens: Any = None


class UsageObject(msgspec.Struct):
    """Here ``input_tokens`` leaves the cached parts out; a report has them in.

    Counts are of any type here: a wrong one spoils itself, not the answer it came with.
    """

    input_tokens: Any = None
    output_tokens: Any = None
    cache_read_input_tokens: Any = None
    cache_creation_input_tokens: Any = None
    output_tokens_details: OutputDetails | None = None

    def then(self, later: UsageObject) -> UsageObject:
        """Return the counts after a later event of the same stream, which repeats only some of them."""
        given = {
            name: value for name in self.__struct_fields__ if (value := getattr(later, name)) is not None
        }
        return msgspec.structs.replace(self, **given)

    def report(self, *, final: bool) -> UsageReport:
        details = self.output_tokens_details or OutputDetails()
        return UsageReport(
            self._whole_input(),
            self.output_tokens,
            self.cache_read_input_tokens,
            self.cache_creation_input_tokens,
            details.thinking_tokens,
            final,
        )

    def _whole_input(self) -> int | None:
        """Return all of the prompt; a part whose count is wrong leaves the whole unknown."""
        cached = [self.cache_read_input_tokens, self.cache_creation_input_tokens]
        parts = [count_of(self.input_tokens), *(0 if part is None else count_of(part) for part in cached)]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None


def usage_read(said: object) -> UsageObject:
    return counts_read(said, UsageObject) or UsageObject()


class Block(msgspec.Struct):
    type: str
    text: str = ""
    thinking: str = ""
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")

    @property
    def arguments(self) -> str:
        return bytes(self.input).decode()


class ErrorObject(msgspec.Struct):
    type: str = ""
    message: str = ""


def stop_reason(stop: str) -> StopReason:
    return _STOP.get(stop, StopReason.END)
