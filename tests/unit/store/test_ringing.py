from __future__ import annotations

import logging
import threading

import pytest

from tenuto.core.errors import TenutoError
from tenuto.store.errors import DATABASE_UNAVAILABLE
from tenuto.store.ringing import Ringer, Rope

LONG = 600.0


class Tower:
    """Counts its ringings, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.rung = 0
        self.heard = threading.Semaphore(0)
        self._failures = failures

    def ring(self) -> None:
        self.rung += 1
        self.heard.release()
        if self.rung <= self._failures:
            raise TenutoError(DATABASE_UNAVAILABLE)


def test_the_first_in_a_while_notifies_by_itself_and_those_that_follow_do_not() -> None:
    tower = Tower()
    ringer = Ringer(tower.ring, LONG)
    assert ringer.due()
    ringer.rung()
    assert not ringer.due()
    ringer.close()
    assert tower.rung == 0


def test_a_rush_is_rung_for_once() -> None:
    tower = Tower()
    ringer = Ringer(tower.ring, LONG)
    ringer.rung()
    for _ in range(100):
        ringer.ask()
    assert tower.rung == 0
    ringer.close()
    assert tower.rung == 1


def test_after_its_pause_a_rush_is_rung_for_without_an_end() -> None:
    tower = Tower()
    ringer = Ringer(tower.ring, 0.01)
    for _ in range(3):
        ringer.ask()
        assert tower.heard.acquire(timeout=30)
    ringer.close()
    assert tower.rung == 3


def test_what_a_later_transaction_notified_is_not_rung_for_again() -> None:
    tower = Tower()
    ringer = Ringer(tower.ring, LONG)
    ringer.rung()
    ringer.ask()
    ringer.rung()
    ringer.close()
    assert tower.rung == 0


def test_it_never_rings_unasked() -> None:
    tower = Tower()
    ringer = Ringer(tower.ring, 0.0)
    ringer.close()
    ringer.ask()
    assert tower.rung == 0


def test_a_database_that_is_away_is_logged_and_the_next_asking_rings(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tower = Tower(failures=1)
    ringer = Ringer(tower.ring, 0.0)
    with caplog.at_level(logging.WARNING):
        ringer.ask()
        assert tower.heard.acquire(timeout=30)
        ringer.ask()
        assert tower.heard.acquire(timeout=30)
        ringer.close()
    assert tower.rung == 2
    assert "bell.not_rung fault=store.database_unavailable" in caplog.text


def test_where_nobody_answers_a_rope_says_so() -> None:
    rope = Rope("postgresql://tenuto@127.0.0.1:1/tenuto")
    with pytest.raises(TenutoError) as caught:
        rope.ring()
    assert caught.value.fault is DATABASE_UNAVAILABLE
    rope.close()
