"""From an upstream's frames to the bytes its caller gets.

Four ways, one shape: a frame goes in, bytes come out.

    same format, nothing replaced    the frame's own bytes
    same format, text replaced       the frame's own bytes with the restored text in them
    other format                     the events, restored and written anew
    caller wants a whole answer      nothing until the end, then all of it
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.document import read_fields, write_fields
from tenuto.gateway.errors import UPSTREAM_MALFORMED
from tenuto.gateway.formats.format import CallerFormat, FrameEditor, Renderer
from tenuto.gateway.ports import MakeRestorer
from tenuto.gateway.stream.restoring import EventRestorer
from tenuto.gateway.stream.tally import Fold, Tally
from tenuto.gateway.text_spans import map_spans
from tenuto.gateway.words.answer import Frame


class Wanted(msgspec.Struct, frozen=True):
    """How the caller wants its answer."""

    stream: bool
    shows_usage: bool
    created: int
    input_estimate: int


class Relay(Protocol):
    def take(self, frame: Frame) -> bytes: ...


class PassOn:
    """Frames as they came. A frame that exists only because we asked for usage is kept from the caller."""

    def __init__(self, *, hides_usage: bool) -> None:
        self._hides_usage = hides_usage

    def take(self, frame: Frame) -> bytes:
        return b"" if frame.usage_only and self._hides_usage else frame.raw


class PassOnRestored:
    def __init__(self, editor: FrameEditor, *, hides_usage: bool) -> None:
        self._editor = editor
        self._hides_usage = hides_usage

    def take(self, frame: Frame) -> bytes:
        return b"" if frame.usage_only and self._hides_usage else self._editor.edit(frame)


class PassOnWhole:
    """A whole answer in its own format, with personal data restored if there is any."""

    def __init__(self, restorer: MakeRestorer | None) -> None:
        self._restorer = restorer

    def take(self, frame: Frame) -> bytes:
        if self._restorer is None or not frame.events:
            return frame.raw
        try:
            return write_fields(map_spans(read_fields(frame.raw), self._restore))
        except TenutoError as error:  # said of a caller's body; this one is the upstream's
            raise TenutoError(UPSTREAM_MALFORMED, error.detail) from error

    def _restore(self, text: str) -> str:
        assert self._restorer is not None
        run = self._restorer()
        return run.feed(text) + run.finish()


class Translate:
    """A stream written anew in the caller's format."""

    def __init__(self, renderer: Renderer, restorer: MakeRestorer | None) -> None:
        self._renderer = renderer
        self._restorer = EventRestorer(restorer) if restorer else None

    def take(self, frame: Frame) -> bytes:
        events = self._restorer.restore(frame.events) if self._restorer else frame.events
        return self._renderer.render(events)


class TranslateWhole:
    """An answer written as one body when its last event has come."""

    def __init__(
        self, form: CallerFormat, wanted: Wanted, tally: Tally, restorer: MakeRestorer | None
    ) -> None:
        self._form = form
        self._wanted = wanted
        self._tally = tally
        self._fold = Fold()
        self._restorer = EventRestorer(restorer) if restorer else None

    def take(self, frame: Frame) -> bytes:
        self._fold.add(self._restorer.restore(frame.events) if self._restorer else frame.events)
        if not self._tally.ended:
            return b""
        usage = self._tally.usage(self._wanted.input_estimate)
        return self._form.answer(self._fold.answer(), usage, self._wanted.created)


def relay_for(
    form: CallerFormat,
    wanted: Wanted,
    tally: Tally,
    restorer: MakeRestorer | None,
    *,
    same_format: bool,
    streamed: bool,
) -> Relay:
    """Choose the way of one answer. ``streamed`` is what the upstream does, whatever was asked of it.

    ``tally`` must have noted a frame before the frame is taken.
    """
    if not wanted.stream:
        whole = same_format and not streamed
        return PassOnWhole(restorer) if whole else TranslateWhole(form, wanted, tally, restorer)
    if not same_format or not streamed:
        return Translate(form.renderer(created=wanted.created, shows_usage=wanted.shows_usage), restorer)
    if restorer is None:
        return PassOn(hides_usage=not wanted.shows_usage)
    return PassOnRestored(form.editor(restorer), hides_usage=not wanted.shows_usage)
