"""What a pickle may make: which names it may call, with which arguments, and how the result may be filled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tenuto.guard.artifacts import array_types
from tenuto.guard.artifacts.allowlist import Role
from tenuto.guard.artifacts.array_types import (
    DTYPE,
    array_state_fits,
    count_of,
    element_type,
    is_dtype,
    length_of,
)
from tenuto.guard.artifacts.symbols import Bag, Global, Made, Payload

WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")
NDARRAY = ("numpy", "ndarray")
_MASKED_ARRAY = ("numpy.ma", "MaskedArray")
_OBJECT = frozenset({("builtins", "object"), ("__builtin__", "object")})
RECONSTRUCTOR = frozenset({("copyreg", "_reconstructor"), ("copy_reg", "_reconstructor")})
_LATIN_ENCODE = ("_codecs", "encode")
_BYTES = frozenset({("builtins", "bytes"), ("__builtin__", "bytes")})
_LARGEST_BYTES = 64

Arguments = tuple[Any, ...]


def is_global(value: Any, path: tuple[str, str]) -> bool:
    return isinstance(value, Global) and value.path == path


def may_be_stored(value: Any) -> bool:
    """Types of elements and joblib's array placeholders are used where they appear or not at all.

    Kept in a container or handed to a function they could come back where nothing here would notice.
    """
    if isinstance(value, Global):
        return value.path not in {DTYPE, WRAPPER}
    return not (isinstance(value, Made) and value.of.path == WRAPPER)


def constant(function: Global, arguments: Arguments) -> bytes | Payload | None:
    """Return the bytes that protocols before 3 write as a call; None when the call makes no bytes."""
    if function.path in _BYTES and arguments == ():
        return b""
    if function.path != _LATIN_ENCODE or len(arguments) != 2 or arguments[1] != "latin1":
        return None
    text = arguments[0]
    if not isinstance(text, str) or (text and max(text) > "\xff"):
        return None
    return as_bytes(text.encode("latin-1"))


def as_bytes(content: bytes) -> bytes | Payload:
    """Keep what could be a code; of anything longer its length is enough."""
    return content if len(content) <= _LARGEST_BYTES else Payload(len(content))


def call_fits(function: Global, arguments: Arguments) -> bool:
    """Tell whether the arguments are those that the framework itself would give to this function."""
    check = _ARGUMENTS.get(function.path)
    return check is None or check(arguments)


def instance_fits(cls: Global, arguments: Arguments) -> bool:
    return cls.path != DTYPE and (cls.role is Role.CALL or arguments == ())


def reconstructed(arguments: Arguments) -> Global | None:
    """Return the class that ``copyreg._reconstructor(cls, object, None)`` makes an empty instance of."""
    if len(arguments) != 3 or not isinstance(arguments[0], Global) or not isinstance(arguments[1], Global):
        return None
    return arguments[0] if arguments[1].path in _OBJECT and arguments[2] is None else None


def state_fits(made: Made, state: Any) -> bool:
    """Tell whether an object may be filled with ``state``: once, and with nothing Python itself would act on."""
    if made.built:
        return False
    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], Bag) and state[1].dunder:
        return False  # the second part is set attribute by attribute, `__class__` included
    made.built = True
    if is_dtype(made):
        return array_types.fill(made, state)
    check = _STATES.get(made.of.path)
    return check is None or check(state)


def _never(_: Any) -> bool:
    return False


def _element_size(dtype: Any) -> int | None:
    """Return the size of one element; None for objects and for what is no type."""
    element = element_type(dtype)
    return None if element is None or element.objects else element.size


def _scalar(arguments: Arguments) -> bool:
    if len(arguments) != 2:
        return False
    size = _element_size(arguments[0])
    return size is not None and length_of(arguments[1]) == size


def _from_buffer(arguments: Arguments) -> bool:
    if len(arguments) != 4:
        return False
    size, count = _element_size(arguments[1]), count_of(arguments[2])
    return size is not None and count is not None and length_of(arguments[0]) == size * count


def _empty_array(arguments: Arguments) -> bool:
    return len(arguments) == 3 and is_global(arguments[0], NDARRAY) and arguments[1:] == ((0,), b"b")


def _empty_masked_array(arguments: Arguments) -> bool:
    if (
        len(arguments) != 4
        or not is_global(arguments[0], _MASKED_ARRAY)
        or not is_global(arguments[1], NDARRAY)
    ):
        return False
    return arguments[2] == (0,) and arguments[3] in {"b", b"b"}


def _masked_state(state: Any) -> bool:
    """The state of the array, the bytes of its mask (one for each element), and the fill value."""
    if not isinstance(state, tuple) or len(state) != 7 or not array_state_fits(state[:5]):
        return False
    return length_of(state[5]) == count_of(state[1])


def _one_class(arguments: Arguments) -> bool:
    return len(arguments) == 1 and isinstance(arguments[0], Global) and arguments[0].role is not Role.NAME


def _one_object(arguments: Arguments) -> bool:
    """Only the object: a second argument would be called with the first."""
    return len(arguments) == 1 and isinstance(arguments[0], Made)


_ARGUMENTS: Mapping[tuple[str, str], Callable[[Arguments], bool]] = {
    DTYPE: array_types.arguments_are_plain,
    WRAPPER: _never,
    NDARRAY: _never,
    _MASKED_ARRAY: _never,
    _LATIN_ENCODE: _never,  # what fits has become a constant already
    ("builtins", "bytes"): _never,
    ("__builtin__", "bytes"): _never,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy.ma.core", "_mareconstruct"): _empty_masked_array,
    ("numpy.random._pickle", "__bit_generator_ctor"): _one_class,
    ("numpy.random._pickle", "__generator_ctor"): _one_object,
    ("numpy.random._pickle", "__randomstate_ctor"): _one_object,
    ("sklearn.neighbors._kd_tree", "newObj"): _one_class,
    ("sklearn.neighbors._ball_tree", "newObj"): _one_class,
    ("sklearn.metrics._dist_metrics", "newObj"): _one_class,
}
_STATES: Mapping[tuple[str, str], Callable[[Any], bool]] = {
    ("numpy._core.multiarray", "_reconstruct"): array_state_fits,
    ("numpy.core.multiarray", "_reconstruct"): array_state_fits,
    ("numpy.ma.core", "_mareconstruct"): _masked_state,
    # These come out finished; filling an array again would be a second `__setstate__` that nobody checks.
    NDARRAY: _never,
    ("numpy._core.multiarray", "scalar"): _never,
    ("numpy.core.multiarray", "scalar"): _never,
    ("numpy._core.numeric", "_frombuffer"): _never,
    ("numpy.core.numeric", "_frombuffer"): _never,
}
