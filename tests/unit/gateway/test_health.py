from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tenuto.core.clock import ManualClock
from tenuto.gateway.health import Circuits, RetryBudget

pytestmark = pytest.mark.capability("G5")


def test_an_address_is_unreachable_for_a_while_or_until_it_answers() -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    circuits = Circuits(clock, open_for=10)
    assert list(circuits.unreachable()) == []
    circuits.failed("a")
    circuits.failed("b")
    circuits.answered("b")
    clock.advance(9)
    assert list(circuits.unreachable()) == ["a"]
    clock.advance(1)
    assert list(circuits.unreachable()) == []


def test_memory_of_addresses_is_bounded() -> None:
    circuits = Circuits(ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), open_for=10)
    for number in range(2_000):
        circuits.failed(str(number))
    assert len(circuits.unreachable()) == 1_000


def test_repeats_are_a_share_of_calls() -> None:
    budget = RetryBudget(share=0.2, in_hand=1, most=2)
    assert budget.take()
    assert not budget.take()
    for _ in range(5):
        budget.called()
    assert budget.take()
    assert not budget.take()
    for _ in range(1_000):
        budget.called()
    assert [budget.take() for _ in range(3)] == [True, True, False]
