from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tenuto.core.comparing import holds
from tenuto.core.graph import Comparison


@pytest.mark.parametrize(
    ("comparison", "value", "bound", "expected"),
    [
        (Comparison.EQUALS, "a", "a", True),
        (Comparison.NOT_EQUALS, None, 1, True),
        (Comparison.AT_LEAST, 2, 2.0, True),
        (Comparison.AT_MOST, 3, 2, False),
        (Comparison.MORE_THAN, Decimal("1.1"), Decimal("1.1"), False),
        (Comparison.LESS_THAN, 1, 2, True),
        (Comparison.ONE_OF, "b", ["a", "b"], True),
        (Comparison.ONE_OF, "c", ["a", "b"], False),
        (Comparison.AT_LEAST, None, 1, False),
        (Comparison.AT_LEAST, float("nan"), 1, False),
        (Comparison.LESS_THAN, Decimal("nan"), 1, False),
    ],
)
def test_comparisons(comparison: Comparison, value: Any, bound: Any, expected: bool) -> None:
    assert holds(comparison, value, bound) is expected
