"""What a step's function takes and returns, read once where it is defined."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tenuto.client.authoring.annotations import hints_of, outputs_of, value_type
from tenuto.client.authoring.errors import STEP_NOT_POSSIBLE, WRONG_WIRING
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Output, Returns
from tenuto.core.value_types import ValueType

_NAMED = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}


class Taken(msgspec.Struct, frozen=True):
    """A parameter of a step. One with a default of its own may be left out when the step is wired."""

    name: str
    type: ValueType
    has_default: bool


class Signature(msgspec.Struct, frozen=True):
    """``step`` is ``module:function`` as a worker will import it."""

    step: str
    inputs: tuple[Taken, ...]
    returns: Returns
    outputs: tuple[Output, ...]


def read_signature(function: Callable[..., Any]) -> Signature:
    """Return the signature of a step. Raises when the function cannot be one, and says why."""
    name = function.__qualname__
    _require_plain(function)
    hints = hints_of(function)
    if "return" not in hints:
        raise TenutoError(STEP_NOT_POSSIBLE, f"`{name}` does not say what it returns; `-> None` says nothing")
    inputs = tuple(
        _taken(parameter, hints, name) for parameter in inspect.signature(function).parameters.values()
    )
    returns, outputs = outputs_of(hints["return"], f"{name} -> result")
    return Signature(f"{function.__module__}:{name}", inputs, returns, outputs)


def _require_plain(function: Callable[..., Any]) -> None:
    if not inspect.isfunction(function):
        raise TenutoError(STEP_NOT_POSSIBLE, f"{function!r} is no plain function")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TenutoError(STEP_NOT_POSSIBLE, f"`{function.__qualname__}` is a coroutine or a generator")


def _taken(parameter: inspect.Parameter, hints: Mapping[str, Any], step: str) -> Taken:
    place = f"{step}({parameter.name})"
    if parameter.kind not in _NAMED:
        raise TenutoError(STEP_NOT_POSSIBLE, f"`{place}`: each input of a step has a name of its own")
    if parameter.name not in hints:
        raise TenutoError(STEP_NOT_POSSIBLE, f"`{place}` has no annotation")
    has_default = parameter.default is not inspect.Parameter.empty
    return Taken(parameter.name, value_type(hints[parameter.name], place), has_default)


def bound(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments by name, without those left to their defaults."""
    try:
        return inspect.signature(function).bind(*args, **kwargs).arguments
    except TypeError as error:
        raise TenutoError(WRONG_WIRING, f"`{function.__qualname__}`: {error}") from error
