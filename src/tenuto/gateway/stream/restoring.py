"""Puts personal data back into events, before they are written in another format."""

from __future__ import annotations

from collections.abc import Iterable

from tenuto.gateway.ports import MakeRestorer, Restorer
from tenuto.gateway.words.answer import (
    AnswerEvent,
    Ended,
    Finished,
    TextPiece,
    ToolBegun,
    ToolPiece,
)


class EventRestorer:
    """One restorer for each run of text. What it holds back comes out before anything else is said."""

    def __init__(self, restorer: MakeRestorer) -> None:
        self._make = restorer
        self._text: Restorer | None = None
        self._tools: dict[int, Restorer] = {}

    def restore(self, events: Iterable[AnswerEvent]) -> list[AnswerEvent]:
        restored: list[AnswerEvent] = []
        for event in events:
            if isinstance(event, TextPiece):
                self._text = self._text or self._make()
                self._say(restored, TextPiece(self._text.feed(event.text)))
            elif isinstance(event, ToolPiece):
                if event.index not in self._tools:
                    self._tools[event.index] = self._make(in_json=True)
                self._say(restored, ToolPiece(event.index, self._tools[event.index].feed(event.json)))
            else:
                if isinstance(event, ToolBegun | Finished | Ended):
                    self._release(restored)
                restored.append(event)
        return restored

    def _release(self, restored: list[AnswerEvent]) -> None:
        if self._text is not None:
            self._say(restored, TextPiece(self._text.finish()))
            self._text = None
        for index, run in self._tools.items():
            self._say(restored, ToolPiece(index, run.finish()))
        self._tools.clear()

    @staticmethod
    def _say(restored: list[AnswerEvent], piece: TextPiece | ToolPiece) -> None:
        if piece.json if isinstance(piece, ToolPiece) else piece.text:
            restored.append(piece)
