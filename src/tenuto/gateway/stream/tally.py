"""Counts an answer while it passes, and folds it into one value."""

from __future__ import annotations

from collections.abc import Iterable

from tenuto.gateway.words.accounting import Usage, UsageReport, tokens_in, usage_of
from tenuto.gateway.words.answer import (
    CONTENT,
    Answer,
    AnswerEvent,
    AnswerText,
    AnswerThinking,
    AnswerTool,
    Begun,
    Counted,
    Ended,
    Failed,
    Finished,
    StopReason,
    TextPiece,
    ThinkingPiece,
    ToolBegun,
    ToolPiece,
)


class Tally:
    """What has been seen of one answer. ``output_bound`` is the most tokens that are believed of it."""

    def __init__(self, output_bound: int | None = None) -> None:
        self.contents = 0  # pieces of content so far
        self.started = False  # the first content has come: from here on there is no other upstream
        self.ended = False
        self.failure: Failed | None = None
        self._report = UsageReport(final=False)
        self._reported = False
        self._bytes = 0
        self._bound = output_bound

    def note(self, events: Iterable[AnswerEvent]) -> None:
        for event in events:
            self._note(event)

    def _note(self, event: AnswerEvent) -> None:
        if isinstance(event, CONTENT):
            self.started = True
            self.contents += 1
            self._bytes += _size(event)
        elif isinstance(event, Counted):
            self._report = self._report.then(event.report)
            self._reported = True
        elif isinstance(event, Ended):
            self.ended = True
        elif isinstance(event, Failed):
            self.failure = event

    @property
    def seen(self) -> bool:
        """Something of an answer has come, be it only a count."""
        return self.started or self.ended or self._reported

    @property
    def overlong(self) -> bool:
        return self._bound is not None and tokens_in(self._bytes) > self._bound

    def usage(self, input_estimate: int) -> Usage:
        """Return what was used so far. What is beyond the bound was not asked for and is not estimated."""
        output = tokens_in(self._bytes)
        believed = output if self._bound is None else min(output, self._bound)
        return usage_of(self._report, input_estimate=input_estimate, output_estimate=believed)


def _size(event: AnswerEvent) -> int:
    if isinstance(event, TextPiece | ThinkingPiece):
        return len(event.text.encode("utf-8", "replace"))
    if isinstance(event, ToolPiece):
        return len(event.json.encode("utf-8", "replace"))
    return len(event.name) if isinstance(event, ToolBegun) else 0


class _Tool:
    def __init__(self, begun: ToolBegun) -> None:
        self.begun = begun
        self.json: list[str] = []

    def block(self) -> AnswerTool:
        return AnswerTool(self.begun.id, self.begun.name, "".join(self.json))


class Fold:
    """Builds the whole answer out of its events."""

    def __init__(self) -> None:
        self._begun = Begun("", "")
        self._finished = Finished(StopReason.END)
        self._blocks: list[AnswerText | AnswerThinking | _Tool] = []
        self._tools: dict[int, _Tool] = {}

    def add(self, events: Iterable[AnswerEvent]) -> None:
        for event in events:
            self._add(event)

    def _add(self, event: AnswerEvent) -> None:
        if isinstance(event, TextPiece):
            self._extend(AnswerText(event.text))
        elif isinstance(event, ThinkingPiece):
            self._extend(AnswerThinking(event.text))
        elif isinstance(event, ToolBegun):
            self._tools[event.index] = _Tool(event)
            self._blocks.append(self._tools[event.index])
        elif isinstance(event, ToolPiece):
            self._tools[event.index].json.append(event.json)
        elif isinstance(event, Begun):
            self._begun = event
        elif isinstance(event, Finished):
            self._finished = event

    def _extend(self, block: AnswerText | AnswerThinking) -> None:
        last = self._blocks[-1] if self._blocks else None
        if isinstance(last, AnswerText) and isinstance(block, AnswerText):
            self._blocks[-1] = AnswerText(last.text + block.text)
        elif isinstance(last, AnswerThinking) and isinstance(block, AnswerThinking):
            self._blocks[-1] = AnswerThinking(last.text + block.text)
        else:
            self._blocks.append(block)

    def answer(self) -> Answer:
        blocks = tuple(block.block() if isinstance(block, _Tool) else block for block in self._blocks)
        finished = self._finished
        return Answer(self._begun.id, self._begun.model, blocks, finished.reason, finished.stop_sequence)
