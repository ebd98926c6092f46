"""Rows as people hold them (a numpy array, an Arrow or pandas table) and as tensors of a signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import CONVERSION_SIGNATURE
from tenuto.serving.libraries import require
from tenuto.serving.protocol.datatypes import FLOATS, NUMPY_DTYPES, datatype_of
from tenuto.serving.words import ANY_SIZE, Datatype, Signature, TensorSpec

if TYPE_CHECKING:
    from tenuto.serving.protocol.arrays import Array

MATRIX_INPUT = "input"


def inputs_of(sample: Any, *, columns: bool | None = None) -> tuple[tuple[TensorSpec, ...], tuple[str, ...]]:
    """Return the input tensors and the feature names that fit this sample.

    A table whose columns share one numeric type becomes one matrix; any other table becomes one tensor per
    column. ``columns`` forces the second (True) or the first (False), for estimators that look columns up by
    name or by place. Raises ``CONVERSION_SIGNATURE``.
    """
    require("numpy")
    if not is_table(sample):
        return (_spec(MATRIX_INPUT, _array(sample)),), ()
    arrays = _columns(sample)
    specs = [_spec(name, array.reshape(-1, 1)) for name, array in arrays.items()]
    datatypes = {spec.datatype for spec in specs}
    uniform = len(datatypes) == 1 and Datatype.BYTES not in datatypes
    if columns or (columns is None and not uniform):
        return tuple(specs), ()
    if not uniform:
        raise TenutoError(CONVERSION_SIGNATURE, "columns of different types do not fit in one matrix")
    missing = any(spec.missing for spec in specs)
    matrix = TensorSpec(MATRIX_INPUT, specs[0].datatype, (ANY_SIZE, len(specs)), missing)
    return (matrix,), tuple(arrays)


def tensors_of(sample: Any, signature: Signature) -> dict[str, Array]:
    """Lay the rows out as this signature's inputs. Raises ``CONVERSION_SIGNATURE`` if they do not fit."""
    if not is_table(sample):
        return _matrix(_array(sample), signature)
    import numpy as np

    arrays = _columns(sample)
    if signature.features:
        spec = signature.inputs[0]
        chosen = [_pick(arrays, name) for name in signature.features]
        return {spec.name: np.column_stack(chosen).astype(NUMPY_DTYPES[spec.datatype], copy=False)}
    return {
        spec.name: _pick(arrays, spec.name).reshape(-1, 1).astype(NUMPY_DTYPES[spec.datatype], copy=False)
        for spec in signature.inputs
    }


def _matrix(array: Array, signature: Signature) -> dict[str, Array]:
    spec = signature.inputs[0]
    if len(signature.inputs) > 1:
        raise TenutoError(CONVERSION_SIGNATURE, "this model takes a table, one tensor per column")
    if (ANY_SIZE, *array.shape[1:]) != spec.shape:
        raise TenutoError(CONVERSION_SIGNATURE, f"{list(array.shape)} does not fit {list(spec.shape)}")
    return {spec.name: array.astype(NUMPY_DTYPES[spec.datatype], copy=False)}


def head(sample: Any, rows: int) -> Any:
    """The first rows, in the form the sample has."""
    if is_table(sample):
        import pyarrow as pa

        return pa.table(sample).slice(0, rows)
    return sample[:rows]


def is_table(sample: Any) -> bool:
    """Arrow's own exchange protocol is how tables of any library are recognised and read."""
    return hasattr(sample, "__arrow_c_stream__") and hasattr(sample, "columns")


def _columns(table: Any) -> dict[str, Array]:
    import pyarrow as pa

    arrow = pa.table(table)
    return {str(name): _column(str(name), arrow.column(name)) for name in arrow.column_names}


def _column(name: str, column: Any) -> Array:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    if not any(is_kind(column.type) for is_kind in (*kinds, *texts)):
        raise TenutoError(CONVERSION_SIGNATURE, f"column {name!r} is {column.type}", column=name)
    if pa.types.is_boolean(column.type) and column.null_count:
        raise TenutoError(CONVERSION_SIGNATURE, f"column {name!r} holds booleans and nulls", column=name)
    array: Array = column.to_numpy()
    return array


def _pick(arrays: dict[str, Array], name: str) -> Array:
    if name not in arrays:
        raise TenutoError(CONVERSION_SIGNATURE, f"column {name!r} is not in the table", column=name)
    return arrays[name]


def _array(sample: Any) -> Array:
    import numpy as np

    array = np.asarray(sample)
    if array.ndim == 0 or array.size == 0:
        raise TenutoError(CONVERSION_SIGNATURE, f"the sample has the shape {list(array.shape)}: no rows")
    if array.dtype.kind in "UT":
        return array.astype(object)
    return array


def _spec(name: str, array: Array) -> TensorSpec:
    datatype = datatype_of(array.dtype.kind, array.dtype.itemsize)
    if datatype is None or datatype is Datatype.FP16:
        raise TenutoError(CONVERSION_SIGNATURE, f"{name!r} has the numpy dtype {array.dtype}")
    return TensorSpec(name, datatype, (ANY_SIZE, *array.shape[1:]), _has_gaps(name, array, datatype))


def _has_gaps(name: str, array: Array, datatype: Datatype) -> bool:
    import numpy as np

    if datatype in FLOATS:
        return bool(np.isnan(array).any())
    if datatype is not Datatype.BYTES:
        return False
    strangers = {type(item).__name__ for item in array.ravel() if not isinstance(item, str | None)}
    if strangers:
        raise TenutoError(CONVERSION_SIGNATURE, f"{name!r} mixes text with {', '.join(sorted(strangers))}")
    return any(item is None for item in array.ravel())
