"""Bar charts as SVG: no script, no library, readable without colours. Each stands beside its table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

_WIDTH, _BAR, _GAP, _LEFT = 640, 18, 6, 220


def bars(title: str, values: Sequence[tuple[str, float]], write: Callable[[float], str]) -> str:
    """Return a chart of horizontal bars, one per (label, value), values written by ``write`` at their ends."""
    largest = max((abs(value) for _, value in values), default=0.0) or 1.0
    height = len(values) * (_BAR + _GAP) + _GAP
    rows = [_row(index, label, value, largest, write(value)) for index, (label, value) in enumerate(values)]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title, quote=True)}">'
        + "".join(rows)
        + "</svg>"
    )


def _row(index: int, label: str, value: float, largest: float, shown: str) -> str:
    top = _GAP + index * (_BAR + _GAP)
    length = max(1.0, abs(value) / largest * (_WIDTH - _LEFT - 90))
    middle = top + _BAR - 5
    return (
        f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end">{escape(label)}</text>'
        f'<rect x="{_LEFT}" y="{top}" width="{length:.1f}" height="{_BAR}"/>'
        f'<text x="{_LEFT + length + 6:.1f}" y="{middle}">{escape(shown)}</text>'
    )
