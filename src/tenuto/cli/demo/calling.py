"""Model calls with the official SDK, and what was heard of them at both ends."""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.cli.demo.simulators import Simulator
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.words import Means


class Answer(msgspec.Struct, frozen=True):
    """What the SDK got back: the text, who answered, and the tokens that were told."""

    request: str
    upstream: str
    text: str
    streamed: bool
    input_tokens: int
    output_tokens: int

    @property
    def provider(self) -> str:
        return self.upstream.partition("/")[0]


class Heard(msgspec.Struct, frozen=True):
    """A request in a simulator's own log: its body, and the tokens that the simulator counted."""

    body: dict[str, Any]
    input_tokens: int
    output_tokens: int

    @property
    def is_streamed(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def said(self) -> str:
        return str(self.body["messages"][-1]["content"])


def call(stage: Stage, route: str, prompt: str, **options: Any) -> Answer:
    """Call without streaming. Raises the SDK's own errors."""
    raw = stage.application.models.chat.completions.with_raw_response.create(
        model=route, messages=[{"role": "user", "content": prompt}], **options
    )
    whole = raw.parse()
    return _kept(stage, raw.headers, whole.choices[0].message.content or "", whole.usage, streamed=False)


def call_streaming(stage: Stage, route: str, prompt: str) -> Answer:
    raw = stage.application.models.chat.completions.with_raw_response.create(
        model=route,
        messages=[{"role": "user", "content": prompt}],
        stream=True,
        stream_options={"include_usage": True},
    )
    text, usage = "", None
    for chunk in raw.parse():
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        usage = chunk.usage or usage
    return _kept(stage, raw.headers, text, usage, streamed=True)


def heard(stage: Stage, number: int) -> list[Heard]:
    """Return every request that a simulator answered and counted, from its own log."""
    simulator: Simulator = (stage.first, stage.second)[number - 1]
    stage.uses.note(f"simulator-{number}", Means.UPSTREAM_LOG)
    return [
        Heard(entry["body"], entry["usage"]["input_tokens"], entry["usage"]["output_tokens"])
        for entry in simulator.heard()
        if entry.get("usage")
    ]


def answers(stage: Stage) -> list[Answer]:
    """Return what all calls of this demo were answered, in order."""
    found: list[Answer] = stage.kept.setdefault("answers", [])
    return found


def _kept(stage: Stage, headers: Any, text: str, usage: Any, *, streamed: bool) -> Answer:
    answer = Answer(
        headers["x-request-id"],
        headers.get("x-tenuto-upstream", ""),
        text,
        streamed,
        usage.prompt_tokens if usage else 0,
        usage.completion_tokens if usage else 0,
    )
    answers(stage).append(answer)
    return answer
