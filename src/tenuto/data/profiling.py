"""Describe a table: what each column holds, in figures that later windows can be compared with."""

from __future__ import annotations

from typing import Any

_BINS = 20
_TOP = 10
_LARGE = 1e150  # squares and ranges of larger numbers would not be finite


def schema_of(table: Any) -> list[dict[str, Any]]:
    return [
        {"name": field.name, "type": str(field.type), "nullable": field.nullable} for field in table.schema
    ]


def profile_of(table: Any) -> dict[str, Any]:
    """Return per column: nulls, distinct values, and a distribution (quantiles and bins, or top values)."""
    columns = {name: _column(table[name]) for name in table.schema.names}
    return {"rows": table.num_rows, "columns": columns}


def _column(values: Any) -> dict[str, Any]:
    import pyarrow as pa
    from pyarrow import compute

    kind = values.type
    if pa.types.is_null(kind):
        return {"nulls": values.null_count, "distinct": 0, "kind": "empty"}
    base = {"nulls": values.null_count, "distinct": compute.count_distinct(values).as_py()}
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return base | _numbers(values)
    return base | _categories(values, compute)


def _categories(values: Any, compute: Any) -> dict[str, Any]:
    counted = compute.value_counts(values.drop_null()).to_pylist()
    top = sorted(counted, key=lambda one: (-one["counts"], str(one["values"])))[:_TOP]
    return {"kind": "categorical", "top": [[_label(one["values"]), one["counts"]] for one in top]}


def _label(value: Any) -> str:
    """Return the value as text that the database takes: it has no NUL character."""
    return str(value).replace("\0", "\u2400")


def _numbers(values: Any) -> dict[str, Any]:
    import numpy as np

    present = values.drop_null().to_numpy(zero_copy_only=False).astype(float)
    finite = present[np.isfinite(present)]
    if finite.size == 0:
        return {"kind": "numeric", "finite": 0}
    largest = float(np.abs(finite).max())
    scale = largest if largest > _LARGE else 1.0
    scaled = finite / scale
    quantiles = np.quantile(scaled, [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0])
    edges, counts = _bins(scaled)
    return {
        "kind": "numeric",
        "finite": int(finite.size),
        "mean": float(scaled.mean()) * scale,
        "deviation": float(scaled.std()) * scale,
        "quantiles": [float(one) * scale for one in quantiles],
        "bins": {"edges": [float(one) * scale for one in edges], "counts": [int(one) for one in counts]},
    }


def _bins(values: Any) -> tuple[Any, Any]:
    """Return edges and counts: twenty bins, or one where floating point cannot tell that many apart."""
    import numpy as np

    try:
        counts, edges = np.histogram(values, bins=_BINS)
    except ValueError:
        return [np.nextafter(values.min(), -np.inf), np.nextafter(values.max(), np.inf)], [values.size]
    return edges, counts
