"""One answer on its way, out of a scripted upstream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tenuto.adapters.providers.anthropic import Anthropic
from tenuto.core.clock import ManualClock
from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import UPSTREAM_CUT, UPSTREAM_MALFORMED
from tenuto.gateway.redaction import Redactor
from tenuto.gateway.server.answering import Answering
from tenuto.gateway.stream.relay import PassOn
from tenuto.gateway.stream.tally import Tally
from tenuto.gateway.words.calls import ProviderRequest
from tenuto.gateway.words.routing import Operation
from tenuto.testing.provider_simulator import messages
from tenuto.testing.provider_simulator.words import Counted, Reply

pytestmark = pytest.mark.capability("G5")

EVENTS = messages.stream(Reply("1", "m", "one two three", (), Counted(3, 3)), silent=False)
FIRST_TEXT = 4  # message_start, ping and content_block_start come before


class ScriptedResponse:
    """Plays its pieces, each after some seconds of a clock that only moves so; an error ends it."""

    def __init__(self, clock: ManualClock, script: list[bytes | TenutoError], seconds: float = 0.0) -> None:
        self._clock = clock
        self._script = list(script)
        self._seconds = seconds
        self.closed = False

    async def piece(self, _patience: float) -> bytes:
        self._clock.advance(self._seconds)
        played = self._script.pop(0) if self._script else b""
        if isinstance(played, TenutoError):
            raise played
        return played

    def close(self) -> None:
        self.closed = True


def answering(script: list[bytes | TenutoError], seconds: float = 0.0, **limits: Any) -> Answering:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    dialect = Anthropic()
    request = ProviderRequest(Operation.CHAT, "m", stream=True)
    decoder = dialect.decoder(request, dialect.profiles["anthropic"], streamed=True)
    response: Any = ScriptedResponse(clock, script, seconds)
    bounds: dict[str, Any] = {"idle": 1.0, "quiet": 90.0, "most": 10_000, "hold": 30.0, **limits}
    tally = Tally(bounds.pop("bound", None))
    redactor = Redactor("sk-secret-1")
    return Answering(
        response, decoder, PassOn(hides_usage=False), tally, redactor=redactor, clock=clock, **bounds
    )


async def collect(primed: Answering, received: list[bytes]) -> None:
    async for piece in primed.pieces():
        received.append(piece)  # noqa: PERF401  # what came before an error counts


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def test_priming_stops_at_the_first_content_and_loses_nothing() -> None:
    async def work() -> None:
        primed = answering([*EVENTS])
        await primed.prime(whole=False)
        assert primed.whole() == b"".join(EVENTS[:FIRST_TEXT])
        assert b"".join([piece async for piece in primed.pieces()]) == b"".join(EVENTS)
        assert primed.tally.ended

    run(work)


def test_trouble_before_the_content_is_raised_and_after_it_ends_the_pieces() -> None:
    async def work() -> None:
        cut = TenutoError(UPSTREAM_CUT)
        with pytest.raises(TenutoError, match="stopped before"):
            await answering([*EVENTS[:3], cut]).prime(whole=False)
        primed = answering([*EVENTS[:6], cut])
        await primed.prime(whole=False)
        received: list[bytes] = []
        with pytest.raises(TenutoError, match="stopped before"):
            await collect(primed, received)
        assert b"".join(received) == b"".join(EVENTS[:6])

    run(work)


def test_content_and_trouble_in_one_piece_is_still_trouble_before_anything_went_out() -> None:
    async def work() -> None:
        with pytest.raises(TenutoError, match="could not be read"):
            await answering([b"".join(EVENTS[:6]) + b"data: {broken\n\n"]).prime(whole=False)

    run(work)


def test_signs_of_life_are_shown_after_a_while() -> None:
    async def work() -> None:
        ping = EVENTS[1]
        primed = answering([EVENTS[0], *[ping] * 9, *EVENTS[2:]], seconds=4.0)
        await primed.prime(whole=False)
        assert not primed.tally.started
        assert primed.whole() == EVENTS[0] + ping * 7
        rest = [piece async for piece in primed.pieces()]
        assert b"".join(rest).endswith(EVENTS[-1])

    run(work)


def test_an_answer_without_end_is_ended() -> None:
    async def work() -> None:
        primed = answering([*EVENTS[:5], *[EVENTS[4]] * 500])
        await primed.prime(whole=False)
        with pytest.raises(TenutoError, match="larger than the gateway takes"):
            [piece async for piece in primed.pieces()]

    run(work)


def test_waiting_is_counted_after_the_first_content_only() -> None:
    async def work() -> None:
        primed = answering([*EVENTS], seconds=2.0)
        await primed.prime(whole=False)
        assert primed.waited == 0
        assert [piece async for piece in primed.pieces()]
        assert primed.waited == 2.0 * (len(EVENTS) - FIRST_TEXT)

    run(work)


@pytest.mark.parametrize("streamed", [False, True])
def test_signs_of_life_without_content_end(streamed: bool) -> None:
    async def work() -> None:
        endless = answering([EVENTS[0], *[b": keepalive\n\n"] * 400], seconds=1.0)

        async def follow() -> None:
            await endless.prime(whole=not streamed)
            await collect(endless, [])

        with pytest.raises(TenutoError, match="no content for 90 s"):
            await follow()

    run(work)


def test_content_now_and_then_is_an_answer() -> None:
    async def work() -> None:
        primed = answering([*EVENTS[:5], *[EVENTS[1], EVENTS[4]] * 40, *EVENTS[5:]], seconds=20.0)
        await primed.prime(whole=True)
        assert primed.tally.ended

    run(work)


def test_a_flood_ends_at_the_bound_and_no_more_is_counted() -> None:
    async def work() -> None:
        primed = answering([*EVENTS[:5], *[EVENTS[4]] * 90], bound=10)
        await primed.prime(whole=False)
        received: list[bytes] = []
        with pytest.raises(TenutoError, match="beyond the limit of its tokens"):
            await collect(primed, received)
        assert len(received) < 30
        assert primed.tally.usage(1).output_tokens == 10

    run(work)


def test_what_an_upstream_says_of_its_trouble_holds_no_credential() -> None:
    async def work() -> None:
        told = b'data: {"type":"error","error":{"message":"key sk-secret-1 \\u0073k-secret-1"}}\n\n'
        with pytest.raises(TenutoError) as raised:
            await answering([EVENTS[0], told]).prime(whole=False)
        assert raised.value.detail == "key [credential] [credential]"
        assert "secret" not in str(raised.value)

    run(work)


def test_an_answer_of_an_unforeseen_shape_is_the_upstreams_failure() -> None:
    class Broken:
        def feed(self, chunk: bytes) -> Any:
            raise KeyError(chunk)

        def close(self) -> Any:
            return []

    async def work() -> None:
        primed = answering([*EVENTS])
        primed._decoder = Broken()
        with pytest.raises(TenutoError) as raised:
            await primed.prime(whole=False)
        assert raised.value.fault is UPSTREAM_MALFORMED

    run(work)
