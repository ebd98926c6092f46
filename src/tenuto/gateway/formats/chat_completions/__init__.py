"""The chat completions format, as callers speak it."""

from tenuto.gateway.formats.chat_completions.format import ChatCompletions

__all__ = ["ChatCompletions"]
