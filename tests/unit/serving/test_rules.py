from __future__ import annotations

import pytest

from tenuto.serving.rules import Waiting, choose_batch, restart_delay, size_class


def test_nothing_waiting_is_no_batch() -> None:
    assert choose_batch([], 10) == []


def test_the_oldest_goes_even_when_it_is_larger_than_the_limit() -> None:
    assert choose_batch([Waiting("a", 50), Waiting("a", 1)], 10) == [0]


def test_the_limit_counts_rows_not_requests() -> None:
    waiting = [Waiting("a", 4), Waiting("a", 4), Waiting("a", 4), Waiting("a", 2)]
    assert choose_batch(waiting, 10) == [0, 1, 3]


def test_only_the_same_key_joins() -> None:
    assert choose_batch([Waiting("a", 1), Waiting("b", 1), Waiting("a", 1)], 10) == [0, 2]


def test_what_must_go_alone_neither_joins_nor_is_joined() -> None:
    lonely = Waiting("a", 1, alone=True)
    assert choose_batch([lonely, Waiting("a", 1)], 10) == [0]
    assert choose_batch([Waiting("a", 1), lonely, Waiting("a", 1)], 10) == [0, 2]


def test_pauses_between_restarts_grow_and_end_growing() -> None:
    delays = [restart_delay(failures) for failures in range(1, 200)]
    assert delays[:3] == [0.2, 0.4, 0.8]
    assert delays == sorted(delays)
    assert delays[-1] == 10.0


@pytest.mark.parametrize(("rows", "name"), [(1, "1"), (2, "2"), (3, "4"), (64, "64"), (65, "128")])
def test_a_batch_is_counted_under_the_next_power_of_two(rows: int, name: str) -> None:
    assert size_class(rows) == name
