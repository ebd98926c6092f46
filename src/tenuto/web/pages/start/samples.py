"""The first call, ready to copy. The key stands in the environment and not in the text of the program."""

from __future__ import annotations

import msgspec


class Samples(msgspec.Struct, frozen=True):
    key: str
    curl: str
    python: str


def samples(address: str, route: str, key: str) -> Samples:
    return Samples(f"export GATEWAY_KEY={key}", _curl(address, route), _python(address, route))


def _curl(address: str, route: str) -> str:
    return f"""curl {address}/v1/chat/completions \\
  -H "Authorization: Bearer $GATEWAY_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{route}", "messages": [{{"role": "user", "content": "Hello!"}}]}}'"""


def _python(address: str, route: str) -> str:
    return f"""import os

from openai import OpenAI

client = OpenAI(base_url="{address}/v1", api_key=os.environ["GATEWAY_KEY"])
answer = client.chat.completions.create(
    model="{route}",
    messages=[{{"role": "user", "content": "Hello!"}}],
)
print(answer.choices[0].message.content)"""
