"""The ``pipeline`` decorator: a plain function that wires steps."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar

import msgspec

from tenuto.client.authoring.annotations import ONE_OUTPUT, hints_of, value_type
from tenuto.client.authoring.errors import PIPELINE_NOT_POSSIBLE, WRONG_WIRING
from tenuto.client.authoring.handles import Handle, Handles
from tenuto.client.authoring.local import run_here
from tenuto.client.authoring.tracing import Trace, active_trace
from tenuto.core import typed_json
from tenuto.core.errors import TenutoError
from tenuto.core.graph import FromParameter, Graph, Parameter, Result
from tenuto.core.graph_checks import checked
from tenuto.core.value_types import is_json

P = ParamSpec("P")
R = TypeVar("R")


class Pipeline(Generic[P, R]):
    """A pipeline. Its body is called once, with handles instead of values, to learn how its steps are wired.

    ``graph()`` is what a server runs; ``local(...)`` runs the steps here, one after the other, for debugging.
    """

    def __init__(self, function: Callable[P, R], name: str | None = None) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name = name or function.__name__
        self.parameters = _parameters(function)
        self.trace, self.results = _traced(self)
        _require_checked(self._as_graph())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Inside another pipeline's body: wire these steps into it."""
        if active_trace() is None:
            detail = f"`{self.name}` was called; use `{self.name}.local(...)` here, or `tenuto run` for a run"
            raise TenutoError(WRONG_WIRING, detail)
        return self.function(*args, **kwargs)

    def graph(self) -> Graph:
        """Return the pipeline as data. Raises when a worker could not import one of its steps."""
        for node in self.trace.nodes:
            _require_importable(node.step)
        return self._as_graph()

    def local(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Run the steps here, in this process, without a server: nothing is stored, cached or retried.

        Returns what the pipeline's function returns, with values in place of handles.
        """
        given = self._given(args, kwargs)
        values = run_here(self._as_graph(), self.trace.functions, given)
        return self._shaped(values)

    def _given(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        try:
            bound = inspect.signature(self.function).bind(*args, **kwargs)
        except TypeError as error:
            raise TenutoError(WRONG_WIRING, f"`{self.name}`: {error}") from error
        bound.apply_defaults()
        return {
            parameter.name: _fitting(self.name, parameter, bound.arguments[parameter.name])
            for parameter in self.parameters
        }

    def _as_graph(self) -> Graph:
        return Graph(
            name=self.name,
            nodes=tuple(self.trace.nodes),
            parameters=self.parameters,
            results=tuple(Result(name, handle.source) for name, handle in _named(self.results).items()),
            summary=(inspect.getdoc(self.function) or "").partition("\n")[0],
        )

    def _shaped(self, values: Mapping[str, Any]) -> Any:
        if self.results is None:
            return None
        if isinstance(self.results, Handle):
            return values[ONE_OUTPUT]
        if isinstance(self.results, dict):
            return dict(values)
        return tuple(values.values())


def pipeline(function: Callable[P, R]) -> Pipeline[P, R]:
    """Make a pipeline of a plain function whose parameters are annotated with JSON types.

    @pipeline
    def train_and_check(source: str, folds: int = 5):
        table = prepare(source)
        scores = score.map(splits(table, folds), table=table)
        with when(mean(scores), at_least=0.9):
            register(fit(table))
    """
    return Pipeline(function)


def _traced(built: Pipeline[Any, Any]) -> tuple[Trace, Any]:
    trace = Trace()
    handles = {one.name: Handle(trace, FromParameter(one.name), one.type) for one in built.parameters}
    with trace.active():
        returned = built.function(**handles)
    return trace, _results(trace, returned, built.name)


def _results(trace: Trace, returned: Any, name: str) -> Any:
    """Return what the body returned: None, a handle, a tuple or a dict of handles."""
    found = tuple(returned) if isinstance(returned, tuple | list | Handles) else returned
    for handle in _named(found).values():
        if not isinstance(handle, Handle):
            detail = f"`{name}` returns {type(handle).__name__}; return outputs of steps"
            raise TenutoError(PIPELINE_NOT_POSSIBLE, detail)
        trace.source(handle)
    return found


def _named(results: Any) -> dict[str, Any]:
    if results is None:
        return {}
    if isinstance(results, dict):
        return results
    if isinstance(results, tuple):
        return {str(index): handle for index, handle in enumerate(results)}
    return {ONE_OUTPUT: results}


def _parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    if not inspect.isfunction(function) or inspect.iscoroutinefunction(function):
        raise TenutoError(PIPELINE_NOT_POSSIBLE, f"{function!r} is no plain function")
    hints = hints_of(function)
    declared = inspect.signature(function).parameters.values()
    return tuple(_parameter(one, hints, function.__qualname__) for one in declared)


def _parameter(declared: inspect.Parameter, hints: Mapping[str, Any], name: str) -> Parameter:
    place = f"{name}({declared.name})"
    if declared.name not in hints or declared.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
        raise TenutoError(PIPELINE_NOT_POSSIBLE, f"`{place}`: a parameter has a name and an annotation")
    kind = value_type(hints[declared.name], place)
    if not is_json(kind):
        raise TenutoError(PIPELINE_NOT_POSSIBLE, f"`{place}` is {kind}; a parameter is a JSON value")
    if declared.default is inspect.Parameter.empty:
        return Parameter(declared.name, kind)
    try:
        return Parameter(declared.name, kind, typed_json.encode(declared.default, kind))
    except TenutoError as error:
        raise TenutoError(PIPELINE_NOT_POSSIBLE, f"`{place}`: its default: {error.detail}") from error


def _fitting(pipeline_name: str, parameter: Parameter, value: Any) -> Any:
    try:
        typed_json.require(value, parameter.type)
    except TenutoError as error:
        raise TenutoError(WRONG_WIRING, f"`{pipeline_name}({parameter.name})`: {error.detail}") from error
    return value


def _require_checked(graph: Graph) -> None:
    """Raise unless the graph holds together. Where its steps stand matters to a run only, see ``graph``."""
    nodes = tuple(msgspec.structs.replace(node, step="here:step") for node in graph.nodes)
    try:
        checked(msgspec.structs.replace(graph, nodes=nodes))
    except TenutoError as error:
        raise TenutoError(PIPELINE_NOT_POSSIBLE, f"`{graph.name}`: {error.detail}") from error


def _require_importable(step: str) -> None:
    module, _, function = step.partition(":")
    if module == "__main__":
        detail = f"step `{function}` stands in a file that was run itself; load it with `tenuto run FILE`"
        raise TenutoError(PIPELINE_NOT_POSSIBLE, detail)
    if "." in function:
        detail = f"step `{function}` stands inside another function or class; move it to the module"
        raise TenutoError(PIPELINE_NOT_POSSIBLE, detail)
