from __future__ import annotations

from datetime import UTC, datetime

from tenuto.serving.host.records import RecentPredictions
from tenuto.serving.words import PredictionRecord


def _record(number: int) -> PredictionRecord:
    return PredictionRecord("i", datetime(2026, 1, 1, tzinfo=UTC), str(number), "e", "1", 1, 10, 200)


def _filled(count: int, capacity: int = 100, life: str = "now") -> RecentPredictions:
    log = RecentPredictions(life, capacity)
    for number in range(1, count + 1):
        log.record(_record(number))
    return log


def _names(taken: tuple[str, list[PredictionRecord]]) -> tuple[str, list[str]]:
    return taken[0], [entry.request_id for entry in taken[1]]


def test_an_empty_log_gives_nothing() -> None:
    log = RecentPredictions("now")
    mark, taken = log.take("", 10)
    assert taken == []
    log.record(_record(1))
    assert _names(log.take(mark, 10)) == ("now:1", ["1"])


def test_taking_again_with_the_old_mark_gives_the_same_and_with_the_new_one_the_rest() -> None:
    log = _filled(5)
    assert _names(log.take("", 3)) == ("now:3", ["1", "2", "3"])
    assert _names(log.take("", 3)) == ("now:3", ["1", "2", "3"])
    assert _names(log.take("now:3", 3)) == ("now:5", ["4", "5"])
    assert _names(log.take("now:5", 3)) == ("now:5", [])
    log.record(_record(6))
    assert _names(log.take("now:5", 3)) == ("now:6", ["6"])


def test_when_nobody_takes_them_the_oldest_are_dropped_and_counted() -> None:
    log = _filled(7, capacity=3)
    assert log.dropped == 4
    assert _names(log.take("", 10)) == ("now:7", ["5", "6", "7"])
    assert _names(log.take("now:6", 10)) == ("now:7", ["7"])


def test_a_mark_from_an_earlier_life_of_the_server_lets_nothing_go() -> None:
    for mark in ("earlier:2", "2", "now:x", "now:-1"):
        assert _names(_filled(3).take(mark, 10)) == ("now:3", ["1", "2", "3"])
