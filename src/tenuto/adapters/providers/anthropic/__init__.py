"""Anthropic's messages API."""

from tenuto.adapters.providers.anthropic.dialect import Anthropic

__all__ = ["Anthropic"]
