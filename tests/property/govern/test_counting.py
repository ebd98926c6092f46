from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenuto.govern.verify.counting import Arrival, Count


@given(st.lists(st.integers(1, 30), max_size=40))
def test_a_count_agrees_with_a_set(numbers: list[int]) -> None:
    count, seen = Count(), set[int]()
    for position, number in enumerate(numbers):
        highest = max(seen, default=0)
        expected = (
            Arrival.AGAIN
            if number in seen
            else Arrival.IN_TURN
            if number == highest + 1
            else Arrival.AHEAD
            if number > highest
            else Arrival.LATE
        )
        assert count.see(number, position) is expected
        seen.add(number)
    missing = {number for gap in count.missing() for number in range(gap.first, gap.last + 1)}
    assert missing == set(range(1, max(seen, default=0) + 1)) - seen
    assert sum(gap.width for gap in count.missing()) == len(missing)


@given(st.permutations(range(1, 25)))
def test_a_permutation_leaves_no_gap(numbers: list[int]) -> None:
    count = Count()
    for position, number in enumerate(numbers):
        count.see(number, position)
    assert count.missing() == []
    assert count.last == 24
