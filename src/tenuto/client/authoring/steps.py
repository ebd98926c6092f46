"""The ``step`` decorator: a plain typed function that a pipeline can wire and a worker can run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

import msgspec

from tenuto.client.authoring.errors import STEP_NOT_POSSIBLE, WRONG_WIRING
from tenuto.client.authoring.signatures import bound, read_signature
from tenuto.client.authoring.tracing import active_trace
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Resources, StepOptions
from tenuto.core.graph_checks import require_options

P = ParamSpec("P")
R = TypeVar("R")

_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


class Step(Generic[P, R]):
    """A step. Called in a pipeline's body it records a node and returns a handle; anywhere else it is simply
    the function it decorates, so that a test calls it like any other.
    """

    def __init__(self, function: Callable[P, R], options: StepOptions, name: str | None = None) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.options = options
        self.signature = read_signature(function)
        self.name = name or function.__name__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        trace = active_trace()
        if trace is None:
            return self.function(*args, **kwargs)
        arguments = bound(self.function, args, kwargs)
        return cast("R", trace.record(self.function, self.signature, self.options, arguments, name=self.name))

    def map(self, over: Any, /, **fixed: Any) -> list[R]:
        """Run the step once for each item of the list ``over``; the handle stands for the list of results.

        The items go to the first parameter that ``fixed`` does not name. How many there are is known when the
        list is there, and the next step gets exactly as many results, in the order of the items.
        """
        trace = active_trace()
        first = next((given.name for given in self.signature.inputs if given.name not in fixed), None)
        if first is None:
            raise TenutoError(WRONG_WIRING, f"`{self.name}.map`: no parameter is left for the items")
        if trace is None:
            return [self.function(**{first: item, **fixed}) for item in over]  # type: ignore[call-arg]
        arguments = bound(self.function, (), {first: over, **fixed})
        handle = trace.record(
            self.function, self.signature, self.options, arguments, name=self.name, over=first
        )
        return cast("list[R]", handle)

    def named(self, name: str) -> Step[P, R]:
        """Return the same step under another node name, to tell two uses apart in one pipeline."""
        if not name.isidentifier():
            raise TenutoError(STEP_NOT_POSSIBLE, f"`{name}` is no name")
        return Step(self.function, self.options, name)


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...


@overload
def step(
    *,
    inline: bool = ...,
    retries: int = ...,
    retry_delay: float = ...,
    timeout: float | None = ...,
    cache: bool = ...,
    cpus: float | None = ...,
    memory: int | str | None = ...,
    version: str = ...,
    files: Sequence[str] = ...,
) -> Callable[[Callable[P, R]], Step[P, R]]: ...


def step(
    function: Callable[P, R] | None = None,
    /,
    *,
    inline: bool = False,
    retries: int = 0,
    retry_delay: float = 1.0,
    timeout: float | None = None,
    cache: bool = True,
    cpus: float | None = None,
    memory: int | str | None = None,
    version: str = "",
    files: Sequence[str] = (),
) -> Step[P, R] | Callable[[Callable[P, R]], Step[P, R]]:
    """Make a step of a plain function whose parameters and result are annotated.

    inline: run in the worker itself instead of a process of its own; for trusted, trivial steps.
    retries: how often to try again after a failure; ``retry_delay`` seconds, doubled each time, lie between.
    timeout: seconds for one attempt, or for one item of a map.
    cache: False runs the step each time, whatever its code and inputs were before.
    cpus, memory: what it needs; ``memory`` ("512 MiB", or bytes) is also the most it may allocate.
    version: change it to have the step run again although neither code nor inputs changed.
    files: patterns of data files in the project's folder that count as the step's code.

        @step(retries=2, timeout=60)
        def train(table: pa.Table, depth: int = 3) -> RandomForestClassifier: ...
    """
    options = StepOptions(
        inline=inline,
        retries=retries,
        retry_delay=float(retry_delay),
        timeout=None if timeout is None else float(timeout),
        cache=cache,
        resources=Resources(None if cpus is None else float(cpus), _bytes(memory)),
        version=version,
        files=tuple(files),
    )

    def decorate(function: Callable[P, R]) -> Step[P, R]:
        require_options(options, function.__qualname__)
        return Step(function, options)

    return decorate if function is None else decorate(function)


def _bytes(memory: int | str | None) -> int | None:
    """Read ``512``, ``"512 MiB"`` or ``"2GB"`` as bytes."""
    if memory is None or isinstance(memory, int):
        return memory
    number = memory.rstrip("KMGiB ")
    unit = memory[len(number) :].strip()
    try:
        return int(msgspec.convert(number, float, strict=False) * _UNITS[unit])
    except (KeyError, msgspec.ValidationError) as error:
        detail = f"memory={memory!r}: write bytes, or a number with one of {', '.join(_UNITS)}"
        raise TenutoError(STEP_NOT_POSSIBLE, detail) from error
