"""Live pages: news, heartbeats, and four ways to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tenuto.core.clock import ManualClock
from tenuto.core.errors import TenutoError
from tenuto.web.dispatch.live import LiveLimits, LivePages, wire_event
from tenuto.web.dispatch.pool import HandlerPool
from tenuto.web.words import Live, LiveEvent, Tick, View

LIMITS = LiveLimits(pages=2, seconds=60, heartbeat=10)


def _collected(
    read: Callable[[str], Tick],
    *,
    cursor: str = "",
    welcome: Callable[[], bool] = lambda: True,
    tick: float = 1,
) -> list[str]:
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))

    def timed(at: str) -> Tick:
        clock.advance(tick)
        return read(at)

    async def collect() -> list[str]:
        pages = LivePages(HandlerPool(1, 1), clock, LIMITS)
        events = pages.events(
            Live(timed, interval=0), cursor, still_welcome=welcome, render=lambda view: f"<{view.template}>"
        )
        return [event.decode() async for event in events]

    return asyncio.run(collect())


def test_news_is_sent_until_it_is_done_and_the_cursor_goes_along() -> None:
    asked: list[str] = []

    def read(cursor: str) -> Tick:
        asked.append(cursor)
        seen = int(cursor or 0) + 1
        return Tick(str(seen), (LiveEvent(f"line {seen}\nmore"),), done=seen == 3)

    sent = _collected(read)
    assert asked == ["", "1", "2"]
    assert sent[0] == "retry: 2000\n\n"
    assert sent[1] == "id: 1\ndata: line 1\ndata: more\n\n"
    assert sent[-1] == "event: end\nid: 3\ndata:\n\n"


def test_a_reader_who_comes_back_goes_on_where_it_was() -> None:
    assert _collected(lambda cursor: Tick(cursor, (), done=True), cursor="41")[-1].startswith(
        "event: end\nid: 41"
    )


def test_a_page_is_rendered_and_a_name_raises_an_event() -> None:
    events = (LiveEvent(View("row.html")), LiveEvent("7", "count"))
    sent = _collected(lambda _cursor: Tick("a", events, done=True))
    assert sent[1] == "id: a\ndata: <row.html>\n\nevent: count\nid: a\ndata: 7\n\n"


def test_silence_is_broken_by_heartbeats_and_ends_with_the_time_limit() -> None:
    sent = _collected(Tick)
    assert sent == ["retry: 2000\n\n", *[": still here\n\n"] * 6]


def test_who_is_no_longer_welcome_is_told_and_left() -> None:
    answers = iter([True, False])
    sent = _collected(Tick, welcome=lambda: next(answers))
    assert sent == ["retry: 2000\n\n", "event: leave\ndata:\n\n"]


def test_places_are_bounded_and_come_back() -> None:
    async def scenario() -> None:
        pages = LivePages(HandlerPool(1, 1), ManualClock(datetime(2026, 11, 21, tzinfo=UTC)), LIMITS)

        def opened() -> Any:
            live = Live(Tick, interval=0)
            return pages.events(live, "", still_welcome=lambda: True, render=str)

        streams = [opened(), opened()]
        for stream in streams:
            await anext(stream)
        with pytest.raises(TenutoError):
            pages.require_room()
        await streams[0].aclose()
        pages.require_room()
        await streams[1].aclose()

    asyncio.run(scenario())


def test_line_ends_cannot_break_out_of_an_event() -> None:
    assert wire_event("a\nevent: b", "x\r\ny\u2028z", "1\n2") == (
        b"event: aevent: b\nid: 12\ndata: x\ndata: y\ndata: z\n\n"
    )


@given(some.text(), some.text(), some.text())
def test_an_event_is_one_event_whatever_it_says(name: str, data: str, cursor: str) -> None:
    """Read back as a browser does: by the line ends of the format, event by event."""
    text = wire_event(name, data, cursor).decode("utf-8", "surrogatepass")
    blocks = [block for block in text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n") if block]
    assert len(blocks) == 1
    fields = [line.partition(":")[0] for line in blocks[0].split("\n")]
    assert set(fields) <= {"event", "id", "data"}
    assert fields.count("event") <= 1
    assert fields.count("id") <= 1
    said = [
        line.removeprefix("data:").removeprefix(" ")
        for line in blocks[0].split("\n")
        if line.startswith("data")
    ]
    assert said == (data.splitlines() or [""])


def test_a_live_page_through_the_door(ada: Any) -> None:
    answer = ada.get("/live/news")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert 'data: <p id="news">1 step done</p>' in answer.text
    assert answer.text.count("\nid: ") == 6
    assert answer.text.endswith("event: end\nid: 5\ndata:\n\n")


def test_a_source_that_fails_says_so_in_the_stream(ada: Any) -> None:
    page = ada.get("/live/news", headers={"last-event-id": "40"})
    assert '<div class="notice bad">' in page.text
    assert "the source dried up" in page.text
    assert page.text.endswith("event: end\ndata:\n\n")
    api = ada.api("GET", "/api/v1/news", headers={"last-event-id": "40"})
    assert 'event: problem\ndata: {"error":{"code":"core.invalid_value"' in api.text
    broken = ada.api("GET", "/api/v1/news", headers={"last-event-id": "x"})
    assert '"code":"web.unexpected"' in broken.text
    assert "invalid literal" not in broken.text
