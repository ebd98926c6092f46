"""One answer of one upstream, on its way to the caller.

It is *primed* first: bytes are read and held until the first piece of content, so that everything that goes
wrong before can still be tried elsewhere and be told with a true status.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.gateway.client.http import Response
from tenuto.gateway.errors import ANSWER_TOO_LARGE, UPSTREAM_CUT, UPSTREAM_MALFORMED, UPSTREAM_TIMEOUT
from tenuto.gateway.ports import Decoder
from tenuto.gateway.redaction import Redactor
from tenuto.gateway.stream.relay import Relay
from tenuto.gateway.stream.tally import Tally
from tenuto.gateway.words.answer import Frame

_log = logging.getLogger(__name__)

_LAST_BYTES = 0.1  # seconds for what follows the terminator, so that the connection can be kept


class Answering:
    def __init__(
        self,
        response: Response,
        decoder: Decoder,
        relay: Relay,
        tally: Tally,
        *,
        redactor: Redactor,
        idle: float,
        quiet: float,
        most: int,
        hold: float,
        clock: Clock,
    ) -> None:
        self._response = response
        self._decoder = decoder
        self._relay = relay
        self._redactor = redactor
        self._idle = idle
        self._quiet = quiet
        self._contents = 0
        self._content_at = clock.monotonic()
        self._left = most
        self._hold = hold
        self._clock = clock
        self._held: list[bytes] = []
        self._closed = False
        self._failure: TenutoError | None = None
        self.tally = tally
        self.waited = 0.0  # seconds spent waiting for the upstream, since primed

    async def prime(self, *, whole: bool) -> None:
        """Read until the first content, or, of an answer wanted ``whole``, until its end.

        An upstream that sends signs of life but no content is not held back for ever: the caller's own patience,
        or that of a proxy before it, would end first.
        """
        begun = self._clock.monotonic()
        while not (self.tally.ended if whole else self.tally.started or self.tally.ended):
            self._held.append(await self._next())
            if self._failure is not None:
                raise self._failure
            if not whole and self._clock.monotonic() - begun > self._hold and any(self._held):
                break
        self.waited = 0.0  # waiting for the first content belongs to the attempt

    def whole(self) -> bytes:
        return b"".join(self._held)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield what the caller gets. Raises ``TenutoError`` where the upstream stopped too early."""
        yield b"".join(self._held)
        while not self.tally.ended:
            if self._failure is not None:
                raise self._failure
            piece = await self._next()
            if piece:
                yield piece

    async def finish(self) -> None:
        """Read the few bytes after the terminator, then give the connection back."""
        try:
            while await self._response.piece(_LAST_BYTES):
                pass
        except TenutoError:
            pass  # the answer is complete; only the connection is not kept
        self.close()

    def close(self) -> None:
        self._response.close()

    async def _next(self) -> bytes:
        """Read once and return what it means for the caller, which may be nothing yet."""
        before = self._clock.monotonic()
        try:
            piece = await self._response.piece(self._idle)
        except TenutoError as error:
            self._fail(error)
            return b""
        finally:
            self.waited += self._clock.monotonic() - before
        self._left -= len(piece)
        if self._left < 0:
            self._fail(TenutoError(ANSWER_TOO_LARGE))
            return b""
        meaning = self._read(piece)
        self._watch_content()
        return meaning

    def _watch_content(self) -> None:
        """Signs of life keep a connection open, but not for ever: bytes without content are no answer."""
        now = self._clock.monotonic()
        if self.tally.contents != self._contents:
            self._contents, self._content_at = self.tally.contents, now
        elif now - self._content_at > self._quiet and not self.tally.ended and self._failure is None:
            self._fail(TenutoError(UPSTREAM_TIMEOUT, f"no content for {self._quiet:g} s"))

    def _fail(self, error: TenutoError) -> None:
        self._redactor.clean(error)
        self._failure = error

    def _read(self, piece: bytes) -> bytes:
        try:
            frames = self._decoder.feed(piece) if piece else self._close_decoder()
        except Exception as error:  # noqa: BLE001  # the call of a plugin, with an upstream's bytes
            self._fail(_failure_of(error))
            return b""
        return self._take(frames)

    def _close_decoder(self) -> list[Frame]:
        if self._closed:
            raise TenutoError(UPSTREAM_CUT, "the answer ended without content")
        self._closed = True
        return self._decoder.close()

    def _take(self, frames: Iterable[Frame]) -> bytes:
        taken: list[bytes] = []
        for frame in frames:
            self.tally.note(frame.events)
            failure = self.tally.failure
            if failure is not None:
                context = {"retry_after": failure.retry_after} if failure.retry_after else {}
                self._fail(TenutoError(failure.fault, failure.detail, **context))
                break
            if self.tally.overlong:
                self._fail(TenutoError(ANSWER_TOO_LARGE, "it went on far beyond the limit of its tokens"))
                break
            try:
                taken.append(self._relay.take(frame))
            except Exception as error:  # noqa: BLE001  # an upstream's words, in shapes nobody foresaw
                self._fail(_failure_of(error))
                break
        return b"".join(taken)


def _failure_of(error: Exception) -> TenutoError:
    """What cannot be made sense of is the upstream's failure, not this process's: another one may do better."""
    if isinstance(error, TenutoError):
        return error
    kind = type(error).__name__  # its words may quote the answer, so they stay out of the log
    _log.warning("answer.unreadable error=%s", kind)
    return TenutoError(UPSTREAM_MALFORMED, f"the answer could not be read ({kind})")
