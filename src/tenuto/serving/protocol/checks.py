"""Whether a tensor fits its place in the signature. Every refusal says what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import REQUEST_TENSOR
from tenuto.serving.protocol.datatypes import FLOATS
from tenuto.serving.words import ANY_SIZE, Datatype, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tenuto.serving.protocol.arrays import Array


def wrong_tensor(name: str, sentence: str) -> TenutoError:
    return TenutoError(REQUEST_TENSOR, f"{name!r}: {sentence}", tensor=name)


def check_form(spec: TensorSpec, datatype: str, shape: Sequence[int]) -> None:
    """Compare the declared datatype and shape with the signature's, before any data is read."""
    if datatype != spec.datatype.value:
        known = "" if datatype in Datatype.__members__ else ", which is no datatype of the protocol"
        raise wrong_tensor(spec.name, f"datatype {datatype!r}{known}; expected {spec.datatype.value}")
    fits = len(shape) == len(spec.shape) and all(
        size >= 1 and expected in {size, ANY_SIZE} for size, expected in zip(shape, spec.shape, strict=True)
    )
    if not fits:
        raise wrong_tensor(
            spec.name, f"shape {list(shape)}, expected {list(spec.shape)} (-1 is any size of at least 1)"
        )


def check_values(spec: TensorSpec, array: Array) -> None:
    """Refuse infinities always, and NaN where the model does not take missing values."""
    import numpy as np

    if spec.datatype not in FLOATS or np.isfinite(array).all():
        return
    refused = np.isinf(array) if spec.missing else ~np.isfinite(array)
    if refused.any():
        place = [int(index) for index in np.argwhere(refused)[0]]
        takes = "finite numbers and NaN" if spec.missing else "finite numbers"
        raise wrong_tensor(spec.name, f"the value at {place} is not finite; this input takes {takes}")


def check_names(expected: Iterable[TensorSpec], given: Sequence[str]) -> None:
    """Each input of the signature exactly once, and no other."""
    names = [spec.name for spec in expected]
    if len(given) == len(names) and set(given) == set(names):
        return
    for name in given:
        if name not in names:
            raise wrong_tensor(name, f"not an input of this model, which takes {', '.join(names)}")
        if given.count(name) > 1:
            raise wrong_tensor(name, "given more than once")
    absent = next(name for name in names if name not in given)
    raise wrong_tensor(absent, f"missing; this model takes {', '.join(names)}")


def count_rows(specs: Iterable[TensorSpec], shapes: dict[str, Sequence[int]]) -> int:
    """Return the rows that all inputs have in common; a signature without a free first dimension has one."""
    counted = [
        (spec.name, shapes[spec.name][0]) for spec in specs if spec.shape and spec.shape[0] == ANY_SIZE
    ]
    if not counted:
        return 1
    name, rows = counted[0]
    for other, size in counted[1:]:
        if size != rows:
            raise wrong_tensor(other, f"{size} rows, but {name!r} has {rows}")
    return rows
