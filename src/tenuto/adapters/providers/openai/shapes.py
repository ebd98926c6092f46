"""The parts of answers that are read, whole or in chunks. What is not named here passes by unread."""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.adapters.providers.counts import counts_read
from tenuto.gateway.words.accounting import UsageReport
from tenuto.gateway.words.answer import StopReason

_STOP = {
    "stop": StopReason.END,
    "length": StopReason.LENGTH,
    "tool_calls": StopReason.TOOL_USE,
    "function_call": StopReason.TOOL_USE,
    "content_filter": StopReason.FILTERED,
}


class PromptDetails(msgspec.Struct):
    cached_tokens: Any = None
    cache_write_tokens: Any = None


class CompletionDetails(msgspec.Struct):
    reasoning_tokens: Any = None


class UsageObject(msgspec.Struct):
    """Counts are of any type here: a wrong one spoils itself, not the answer it came with."""

    prompt_tokens: Any = None
    completion_tokens: Any = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None

    def report(self) -> UsageReport:
        prompt = self.prompt_tokens_details or PromptDetails()
        completion = self.completion_tokens_details or CompletionDetails()
        return UsageReport(
            self.prompt_tokens,
            self.completion_tokens,
            prompt.cached_tokens,
            prompt.cache_write_tokens,
            completion.reasoning_tokens,
        )


def usage_report(said: object) -> UsageReport:
    usage = counts_read(said, UsageObject)
    return UsageReport() if usage is None else usage.report()


class ContentPart(msgspec.Struct):
    text: str | None = None


class Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: Function | None = None


class Said(msgspec.Struct):
    """A message, or the delta of one."""

    content: str | list[ContentPart] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[Call] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text or "" for part in self.content)
        return self.content or self.refusal or ""


class ErrorObject(msgspec.Struct):
    message: str = ""


def stop_reason(finish: str) -> StopReason:
    return _STOP.get(finish, StopReason.END)
