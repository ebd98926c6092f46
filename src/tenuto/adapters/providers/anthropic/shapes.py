"""The parts of answers that are read, whole or in events. What is not named here passes by unread."""

from __future__ import annotations

import msgspec

from tenuto.gateway.words.accounting import UsageReport
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
    thinking_tokens: int | None = None


class UsageObject(msgspec.Struct):
    """Here ``input_tokens`` leaves the cached parts out; a report has them in."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None

    def then(self, later: UsageObject) -> UsageObject:
        """Return the counts after a later event of the same stream, which repeats only some of them."""
        given = {
            name: value for name in self.__struct_fields__ if (value := getattr(later, name)) is not None
        }
        return msgspec.structs.replace(self, **given)

    def report(self, *, final: bool) -> UsageReport:
        cached = self.cache_read_input_tokens or 0
        written = self.cache_creation_input_tokens or 0
        details = self.output_tokens_details or OutputDetails()
        return UsageReport(
            None if self.input_tokens is None else self.input_tokens + cached + written,
            self.output_tokens,
            cached,
            written,
            details.thinking_tokens,
            final,
        )


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
