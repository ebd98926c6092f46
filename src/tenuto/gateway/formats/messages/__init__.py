"""The messages format, as callers speak it."""

from tenuto.gateway.formats.messages.format import Messages

__all__ = ["Messages"]
