"""Records of predictions reach the database: each once, whoever of the two processes dies in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from support.world import World
from tenuto.app.predictions import PredictionCollector
from tenuto.core.errors import TenutoError
from tenuto.core.ids import UuidSeven
from tenuto.serving.declared.tables import prediction
from tenuto.serving.errors import HOST_AWAY, HOST_INTERNAL
from tenuto.serving.host.records import RecentPredictions
from tenuto.serving.words import PredictionRecord

_NEW = UuidSeven().new


def _record(world: World, **other: Any) -> PredictionRecord:
    record = PredictionRecord(
        id=_NEW(),
        at=datetime.now(UTC),
        request_id="r",
        endpoint="churn",
        version="3",
        rows=5,
        duration_us=800,
        status=200,
        workspace=world.inside("lab").workspace or "",
        actor="ann",
        key="k",
    )
    return msgspec.structs.replace(record, **other)


def _kept(world: World) -> list[Any]:
    with world.desk.database.begin(world.inside("lab")) as tx:
        return tx.rows(sa.select(prediction).order_by(prediction.c.id))


def test_what_was_asked_is_kept_with_who_asked(world: World) -> None:
    log = RecentPredictions("life")
    record = _record(world)
    log.record(record)
    assert PredictionCollector(world.desk.database, log.take).work() is False
    [row] = _kept(world)
    assert (row.id, row.endpoint, row.version, row.rows, row.status) == (record.id, "churn", "3", 5, 200)
    assert (row.actor_id, row.key_id, row.request_id, row.at) == ("ann", "k", "r", record.at)
    with world.desk.database.begin(world.home) as tx:
        assert tx.rows(sa.select(prediction)) == [], "they belong to the workspace"


def test_the_server_lets_go_of_what_was_kept_and_of_nothing_else(world: World) -> None:
    log = RecentPredictions("life")
    collector = PredictionCollector(world.desk.database, log.take)
    for _ in range(1500):
        log.record(_record(world))
    assert collector.work() is True, "a full batch: there may be more"
    assert collector.work() is False
    assert len(_kept(world)) == 1500
    collector.work()
    assert log.take("", 10)[1] == []


def test_a_collector_that_starts_again_keeps_nothing_twice(world: World) -> None:
    log = RecentPredictions("life")
    log.record(_record(world))
    for _ in range(2):
        PredictionCollector(world.desk.database, log.take).work()
    assert len(_kept(world)) == 1


def test_after_the_server_started_again_its_marks_begin_anew(world: World) -> None:
    lives = [RecentPredictions("first"), RecentPredictions("second")]
    for log in lives:
        log.record(_record(world))

    def take(after: str, limit: int) -> tuple[str, list[PredictionRecord]]:
        return lives[0].take(after, limit)

    collector = PredictionCollector(world.desk.database, take)
    collector.work()
    lives.pop(0)
    collector.work()
    assert len(_kept(world)) == 2


def test_a_server_that_is_away_is_asked_again_later(world: World) -> None:
    fault = HOST_AWAY

    def take(after: str, limit: int) -> tuple[str, list[PredictionRecord]]:
        raise TenutoError(fault)

    collector = PredictionCollector(world.desk.database, take)
    assert collector.work() is False
    fault = HOST_INTERNAL
    with pytest.raises(TenutoError):
        collector.work()


def test_an_odd_record_holds_up_no_other(world: World) -> None:
    """Who can reach the socket may send any header, and nobody vouches for it."""
    log = RecentPredictions("life")
    log.record(_record(world, workspace=""))
    log.record(_record(world, workspace="no-uuid"))
    log.record(_record(world, workspace=_NEW()))
    log.record(_record(world, request_id="a\0b\udcff"))
    PredictionCollector(world.desk.database, log.take).work()
    [row] = _kept(world)
    assert row.request_id == "ab?"


def test_records_are_forgotten_after_a_month(world: World) -> None:
    log = RecentPredictions("life")
    collector = PredictionCollector(world.desk.database, log.take)
    now = datetime.now(UTC)
    log.record(_record(world, at=now - timedelta(days=31)))
    log.record(_record(world, at=now - timedelta(days=29)))
    collector.work()
    assert len(_kept(world)) == 1
