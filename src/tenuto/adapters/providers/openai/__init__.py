"""OpenAI and the many servers that speak its chat completions and embeddings API."""

from tenuto.adapters.providers.openai.dialect import OpenAI

__all__ = ["OpenAI"]
