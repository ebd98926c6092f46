"""How a condition of a graph compares, the same on a server and in a local run."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tenuto.core.graph import Comparison

_ORDER: dict[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.AT_LEAST: operator.ge,
    Comparison.AT_MOST: operator.le,
    Comparison.MORE_THAN: operator.gt,
    Comparison.LESS_THAN: operator.lt,
}


def holds(comparison: Comparison, value: Any, bound: Any) -> bool:
    """Tell whether ``value`` compares so with ``bound``. No order holds for None or not-a-number."""
    if comparison is Comparison.ONE_OF:
        return any(value == one for one in bound)
    if comparison is Comparison.EQUALS:
        return bool(value == bound)
    if comparison is Comparison.NOT_EQUALS:
        return bool(value != bound)
    if _unordered(value) or _unordered(bound):
        return False
    return _ORDER[comparison](value, bound)


def _unordered(value: Any) -> bool:
    return value is None or (value.is_nan() if isinstance(value, Decimal) else value != value)  # noqa: PLR0124 (NaN)
