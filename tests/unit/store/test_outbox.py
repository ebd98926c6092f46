from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from support.platform import ANN
from tenuto.core.errors import INVALID_VALUE, TenutoError
from tenuto.core.words import Event, Scope, system_actor
from tenuto.govern.use_case import Desk
from tenuto.store.outbox import Delivery, deliver, put

SCOPE = Scope(ANN)
DISPATCHER = Scope(system_actor("outbox"))


def emit(desk: Desk, *subjects: str, scope: Scope = SCOPE) -> None:
    with desk.database.begin(scope) as tx:
        put(tx, desk.ids, [Event("thing.done", subject, {"a": 1}) for subject in subjects])


def test_events_come_once_each_in_their_order(desk: Desk) -> None:
    emit(desk, "1", "2")
    emit(desk, "3")
    told: list[Delivery] = []
    assert deliver(desk.database, DISPATCHER, told.append, batch=2) == 2
    assert deliver(desk.database, DISPATCHER, told.append, batch=2) == 1
    assert deliver(desk.database, DISPATCHER, told.append) == 0
    assert [one.event for one in told] == [Event("thing.done", number, {"a": 1}) for number in "123"]
    assert len({one.id for one in told}) == 3


def test_an_event_knows_its_workspace(desk: Desk, make_workspace: object) -> None:
    place = make_workspace()  # type: ignore[operator]
    emit(desk, "1", scope=place)
    emit(desk, "2")
    told: list[Delivery] = []
    deliver(desk.database, DISPATCHER, told.append)
    assert [one.workspace for one in told] == [place.workspace, None]


def test_what_was_rolled_back_is_never_told(desk: Desk) -> None:
    def fail() -> None:
        with desk.database.begin(SCOPE) as tx:
            put(tx, desk.ids, [Event("thing.done", "1")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert deliver(desk.database, DISPATCHER, lambda _one: None) == 0


def test_after_a_failure_the_batch_comes_again_under_the_same_ids(desk: Desk) -> None:
    emit(desk, "1", "2", "3")
    tried: list[Delivery] = []

    def stumble(one: Delivery) -> None:
        tried.append(one)
        if one.event.subject == "2":
            raise TenutoError(INVALID_VALUE)

    with pytest.raises(TenutoError):
        deliver(desk.database, DISPATCHER, stumble)
    again: list[Delivery] = []
    assert deliver(desk.database, DISPATCHER, again.append) == 3
    assert [one.id for one in again[:2]] == [one.id for one in tried]


def test_a_second_dispatcher_waits_its_turn_so_that_the_order_stays(desk: Desk) -> None:
    emit(desk, *"123456")
    told: list[str] = []
    working, finish = threading.Event(), threading.Event()

    def slowly(one: Delivery) -> None:
        working.set()
        assert finish.wait(10)
        told.append(one.event.subject)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(deliver, desk.database, DISPATCHER, slowly, batch=3)
        assert working.wait(10)
        hasty: list[Delivery] = []
        assert deliver(desk.database, DISPATCHER, hasty.append, batch=3) == 0
        finish.set()
        assert first.result(10) == 3
    deliver(desk.database, DISPATCHER, lambda one: told.append(one.event.subject))
    assert told == list("123456")


def test_two_dispatchers_leave_nothing_out_and_tell_nothing_twice(desk: Desk) -> None:
    for number in range(20):
        emit(desk, str(number))
    told: list[str] = []

    def work(_number: int) -> None:
        while len(told) < 20:
            deliver(desk.database, DISPATCHER, lambda one: told.append(one.event.subject), batch=3)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    assert told == [str(number) for number in range(20)]


def test_no_event_rings_no_bell_and_changes_nothing(desk: Desk) -> None:
    with desk.database.begin(SCOPE) as tx:
        put(tx, desk.ids, [])
    assert deliver(desk.database, DISPATCHER, lambda _one: None) == 0


def test_a_delivery_is_a_plain_value(desk: Desk) -> None:
    emit(desk, "1")
    told: list[Delivery] = []
    deliver(desk.database, DISPATCHER, told.append)
    assert msgspec.json.decode(msgspec.json.encode(told[0]), type=Delivery) == told[0]
