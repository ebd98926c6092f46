"""Steps that run only if a value, known when the pipeline runs, compares so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tenuto.client.authoring.errors import WRONG_WIRING
from tenuto.client.authoring.handles import Handle, Handles
from tenuto.client.authoring.tracing import Trace, active_trace
from tenuto.core import typed_json
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Comparison, Condition, FromOutput, Literal, Source
from tenuto.core.graph_checks import incomparable, incomparable_types


@contextmanager
def when(value: Any, **comparison: Any) -> Iterator[None]:
    """The steps called inside run only if ``value`` compares so; otherwise they are skipped.

    It is compared with what is written down, with a parameter or another step's output, in one way of
    ``equals``, ``not_equals``, ``at_least``, ``at_most``, ``more_than``, ``less_than``, ``one_of``. A step
    that needs the result of a skipped step is skipped too, unless its parameter takes None: then it is given
    None.

        with when(accuracy, at_least=0.9):
            register(model)
    """
    trace = active_trace()
    if trace is None:
        raise TenutoError(WRONG_WIRING, "`when` stands in the body of a pipeline")
    with trace.under(_condition(trace, value, comparison)):
        yield


def _condition(trace: Trace, value: Any, comparison: dict[str, Any]) -> Condition:
    handle = value.one() if isinstance(value, Handles) else value
    if not isinstance(handle, Handle):
        raise TenutoError(WRONG_WIRING, f"`when` looks at a step's output or a parameter, not at {value!r}")
    known = {kind.value: kind for kind in Comparison}
    if len(comparison) != 1 or not comparison.keys() <= known.keys():
        detail = f"`when({handle}, ...)` takes exactly one of {', '.join(known)}"
        raise TenutoError(WRONG_WIRING, detail)
    [(word, bound)] = comparison.items()
    bound = bound.one() if isinstance(bound, Handles) else bound
    source, reason = _bound(trace, handle, known[word], bound)
    if reason is not None:
        raise TenutoError(WRONG_WIRING, f"`when({handle}, {word}={bound!s})`: {reason}")
    return Condition(trace.source(handle), known[word], source)


def _bound(trace: Trace, handle: Handle, comparison: Comparison, bound: Any) -> tuple[Source, str | None]:
    """Return the bound as the graph keeps it, and why it cannot be one, if so."""
    if isinstance(bound, Handle):
        source: Source = trace.source(bound)
        computed = isinstance(source, FromOutput)
        return source, incomparable_types(handle.type, comparison, bound.type, computed=computed)
    value = list(bound) if comparison is Comparison.ONE_OF and isinstance(bound, tuple | set) else bound
    return Literal(typed_json.encode(value)), incomparable(handle.type, comparison, value)
