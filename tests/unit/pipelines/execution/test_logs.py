from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tenuto.core.clock import ManualClock
from tenuto.pipelines.execution.logs import LONGEST_LINE, LogFile, LogLine


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC))


def lines(place: Path) -> list[LogLine]:
    return [msgspec.json.decode(line, type=LogLine) for line in place.read_bytes().splitlines()]


def test_lines_are_written_as_they_are_complete(tmp_path: Path, clock: ManualClock) -> None:
    place = tmp_path / "logs" / "a.jsonl"
    log = LogFile(place, 10_000, clock)
    log.feed("stdout", b"one\ntw")
    log.feed("stderr", b"oops\n")
    assert [line.text for line in lines(place)] == ["one", "oops"]
    clock.advance(1.5)
    log.feed("stdout", b"o\n\nlast")
    log.close()
    assert [(line.stream, line.text) for line in lines(place)] == [
        ("stdout", "one"),
        ("stderr", "oops"),
        ("stdout", "two"),
        ("stdout", ""),
        ("stdout", "last"),
    ]
    assert [line.at[17:] for line in lines(place)] == [
        "00.000+00:00",
        "00.000+00:00",
        "01.500+00:00",
        "01.500+00:00",
        "01.500+00:00",
    ]
    assert log.received == len(b"one\ntwoops\no\n\nlast")


def test_of_a_progress_bar_the_last_state_is_kept(tmp_path: Path, clock: ManualClock) -> None:
    log = LogFile(tmp_path / "a", 10_000, clock)
    log.feed("stdout", b"1%\r50%\r100%\r\nwindows\r\n\xff\n")
    log.close()
    assert [line.text for line in lines(tmp_path / "a")] == ["100%", "windows", "\ufffd"]


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_line_without_end_is_broken(tmp_path: Path, clock: ManualClock, pieces: int) -> None:
    log = LogFile(tmp_path / "a", 10**6, clock)
    content = b"x" * (3 * LONGEST_LINE) + b"\nend\n"
    for start in range(0, len(content), len(content) // pieces + 1):
        log.feed("stdout", content[start : start + len(content) // pieces + 1])
    log.close()
    found = [line.text for line in lines(tmp_path / "a")]
    assert found[-1] == "end"
    assert "".join(found[:-1]) == "x" * 3 * LONGEST_LINE
    assert max(map(len, found)) <= LONGEST_LINE


def test_the_beginning_and_the_end_are_kept_and_the_rest_is_counted(
    tmp_path: Path, clock: ManualClock
) -> None:
    log = LogFile(tmp_path / "a", 4_000, clock)
    log.feed("stdout", b"".join(b"line %d\n" % number for number in range(1000)))
    log.close()
    found = [line.text for line in lines(tmp_path / "a")]
    middle = next(index for index, text in enumerate(found) if "left out" in text)
    assert found[0] == "line 0"
    assert found[-1] == "line 999"
    assert found[middle] == f"... {1000 - (len(found) - 1)} lines left out ..."
    assert (tmp_path / "a").stat().st_size < 5_000


def test_a_second_attempt_goes_on_in_the_same_file(tmp_path: Path, clock: ManualClock) -> None:
    for text in (b"first\n", b"second\n"):
        log = LogFile(tmp_path / "a", 1_000, clock)
        log.feed("stdout", text)
        log.close()
    assert [line.text for line in lines(tmp_path / "a")] == ["first", "second"]
