"""Describe a table: what each column holds, in figures that later windows can be compared with."""

from __future__ import annotations

from typing import Any

_BINS = 20
_TOP = 10


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

    base = {"nulls": values.null_count, "distinct": compute.count_distinct(values).as_py()}
    kind = values.type
    if pa.types.is_boolean(kind) or pa.types.is_string(kind) or pa.types.is_timestamp(kind):
        return base | _categories(values, compute)
    return base | _numbers(values)


def _categories(values: Any, compute: Any) -> dict[str, Any]:
    counted = compute.value_counts(values.drop_null()).to_pylist()
    top = sorted(counted, key=lambda one: (-one["counts"], str(one["values"])))[:_TOP]
    return {"kind": "categorical", "top": [[str(one["values"]), one["counts"]] for one in top]}


def _numbers(values: Any) -> dict[str, Any]:
    import numpy as np

    present = values.drop_null().to_numpy(zero_copy_only=False).astype(float)
    finite = present[np.isfinite(present)]
    if finite.size == 0:
        return {"kind": "numeric", "finite": 0}
    quantiles = np.quantile(finite, [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0])
    counts, edges = np.histogram(finite, bins=_BINS)
    return {
        "kind": "numeric",
        "finite": int(finite.size),
        "mean": float(finite.mean()),
        "deviation": float(finite.std()),
        "quantiles": [float(one) for one in quantiles],
        "bins": {"edges": [float(one) for one in edges], "counts": [int(one) for one in counts]},
    }
