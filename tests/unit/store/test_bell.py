from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from support.platform import ANN
from tenuto.core.errors import TenutoError
from tenuto.core.words import Event, Scope
from tenuto.govern.use_case import Desk
from tenuto.store.bell import Bell
from tenuto.store.database import Role
from tenuto.store.outbox import put
from tenuto.store.ringing import Rope

SCOPE = Scope(ANN)


@pytest.fixture
def bell(desk: Desk) -> Iterator[Bell]:
    made = Bell(desk.database.raw_url(Role.SYSTEM))
    assert made.wait(0.01) is False, "it listens from the first wait on"
    yield made
    made.close()


def emit(desk: Desk) -> None:
    with desk.database.begin(SCOPE) as tx:
        put(tx, desk.ids, [Event("thing.done", "1")])


def test_it_rings_for_what_was_committed(desk: Desk, bell: Bell) -> None:
    emit(desk)
    assert bell.wait(10) is True
    assert bell.wait(0.01) is False


def test_it_wakes_who_waits(desk: Desk, bell: Bell) -> None:
    later = threading.Timer(0.2, emit, [desk])
    later.start()
    assert bell.wait(30) is True
    later.join()


def test_it_does_not_ring_for_what_was_rolled_back(desk: Desk, bell: Bell) -> None:
    def fail() -> None:
        with desk.database.begin(SCOPE) as tx:
            put(tx, desk.ids, [Event("thing.done", "1")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert bell.wait(0.2) is False


def test_a_lost_connection_is_made_again(desk: Desk, bell: Bell) -> None:
    assert bell._connection is not None
    bell._connection.close()
    assert bell.wait(0.01) is False
    assert bell.wait(0.01) is False
    emit(desk)
    assert bell.wait(10) is True


def test_where_nobody_answers_it_is_silent() -> None:
    bell = Bell("postgresql://tenuto@127.0.0.1:1/tenuto")
    assert bell.wait(0.05) is False
    bell.close()


def test_it_rings_for_the_last_of_a_rush_too(desk: Desk, bell: Bell) -> None:
    emit(desk)
    assert bell.wait(10) is True
    emit(desk)  # hardly a moment later: no transaction notifies again so soon
    desk.database.close()
    assert bell.wait(10) is True


def test_a_rope_that_tore_is_tied_again(desk: Desk, bell: Bell) -> None:
    rope = Rope(desk.database.raw_url(Role.APP))
    rope.ring()
    assert bell.wait(10) is True
    assert rope._connection is not None
    rope._connection.close()
    with pytest.raises(TenutoError):
        rope.ring()
    rope.ring()
    assert bell.wait(10) is True
    rope.close()
