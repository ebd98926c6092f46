"""Who was refused what comes into the audit log, whatever strangers do; and what does not is counted there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy

from tenuto.app.data_plane.call_log import RefusedCalls
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.gateway.words.calls import CallRecord, CallStatus, Outcome
from tenuto.gateway.words.routing import Identity
from tenuto.govern.use_case import Desk
from tenuto.store.database import Database, Role, Transaction
from tenuto.store.errors import DATABASE_UNAVAILABLE

pytestmark = pytest.mark.capability("C7")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RECORDS = "select body from audit_record where action = 'gateway:call:invoke' order by at, writer_seq"


class Switched(Database):
    """A database that a test can take away; ``asked`` tells that somebody met it so."""

    def __init__(self, real: Database) -> None:
        self.real = real
        self.away = True
        self.defects: list[Exception] = []
        self.asked = threading.Event()

    @contextmanager
    def begin(
        self, scope: Scope, role: Role = Role.APP, *, one_moment: bool = False
    ) -> Iterator[Transaction]:
        if self.away:
            self.asked.set()
            raise TenutoError(DATABASE_UNAVAILABLE)
        if self.defects:
            raise self.defects.pop()
        with self.real.begin(scope, role, one_moment=one_moment) as tx:
            yield tx


class House:
    def __init__(self, desk: Desk, scope: Scope) -> None:
        self.database = Switched(desk.database)
        self.scope = scope
        self.desk = msgspec.structs.replace(desk, database=self.database)
        assert scope.workspace
        self.identity = Identity("key", scope.actor, scope.workspace)
        self.log = RefusedCalls(self.desk, largest=5, of_strangers=2)

    def refuse(self, count: int, identity: Identity | None = None) -> None:
        for second in range(count):
            outcome = Outcome(CallStatus.REFUSED, fault="gateway.key_unknown")
            at = NOON + timedelta(seconds=second)
            call = CallRecord(self.desk.ids.new(), "127.0.0.1", "/v1", 401, outcome, at, identity, "chat")
            self.log.record(call)

    def records(self) -> list[dict[str, Any]]:
        """Wait until everything is written, and read it."""
        self.database.away = False
        self.log.close()
        with self.database.real.begin(self.scope, Role.SYSTEM) as tx:
            return [msgspec.json.decode(bytes(row.body)) for row in tx.rows(sqlalchemy.text(RECORDS))]


@pytest.fixture
def house(desk: Desk, make_workspace: Callable[..., Scope]) -> Iterator[House]:
    made = House(desk, make_workspace())
    yield made
    made.log.close()


def test_strangers_do_not_crowd_out_who_is_known_and_are_counted(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.refuse(50)
    house.refuse(3, house.identity)
    records = house.records()
    kinds = [one["actor"]["kind"] for one in records]
    assert kinds.count("person") == 3
    assert kinds.count("anonymous") == 2
    (summary,) = (one for one in records if one["actor"]["kind"] == "system")
    assert summary["detail"] == {
        "lost": 48,
        "of": "strangers",
        "from": "2026-11-22T12:00:02+00:00",
        "until": "2026-11-22T12:00:49+00:00",
    }
    assert "refusals.lost calls=48 of=strangers" in caplog.text


def test_what_a_full_queue_loses_of_known_callers_is_recorded(house: House) -> None:
    house.refuse(8, house.identity)
    lost = [one["detail"]["lost"] for one in house.records() if one["actor"]["kind"] == "system"]
    assert lost == [3]


def test_calls_refused_while_the_database_was_away_are_recorded_when_it_is_back(house: House) -> None:
    house.refuse(3, house.identity)
    assert house.database.asked.wait(30)
    assert len(house.records()) == 3


def test_a_call_that_cannot_be_recorded_holds_up_no_other_and_is_counted(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.database.defects.append(KeyError("a defect"))
    house.database.away = False
    house.refuse(3, house.identity)
    while house.database.defects:
        threading.Event().wait(0.01)
    records = house.records()
    assert sorted(one["actor"]["kind"] for one in records) == ["person", "person", "system"]
    assert "refusals.broken" in caplog.text


def test_what_the_database_never_took_is_told_at_the_end(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.refuse(9, house.identity)
    with caplog.at_level(logging.ERROR):
        house.log.close()
    assert "refusals.lost calls=9" in caplog.text


def test_a_flood_without_end_is_told_in_pieces(house: House) -> None:
    house.refuse(2 + 3, None)
    house.refuse(5 + 7, house.identity)
    details = [one["detail"] for one in house.records() if one["actor"]["kind"] == "system"]
    assert {(one["of"], one["lost"]) for one in details} == {("known callers", 7), ("strangers", 3)}
