"""Small graphs and stored values for the tests of the rules."""

from __future__ import annotations

from typing import Any

from tenuto.core import typed_json
from tenuto.core.graph import (
    Comparison,
    Condition,
    FromOutput,
    FromParameter,
    Graph,
    Input,
    Literal,
    Node,
    Output,
    Parameter,
    Result,
    Returns,
    StepOptions,
)
from tenuto.core.graph_checks import checked
from tenuto.core.value_types import NULL, Kind, ValueType, list_of
from tenuto.pipelines.values.texts import stored_text
from tenuto.pipelines.words import RunState, StoredValue, TaskId, TaskState, TaskStatus

INT = ValueType(Kind.INT)
MAYBE_INT = ValueType(Kind.UNION, (INT, NULL))


def number(value: Any, declared: ValueType = INT) -> StoredValue:
    return stored_text(typed_json.encode(value), declared, "value")


def node(name: str, *given: str | int, out: ValueType = INT, **more: Any) -> Node:
    """A node whose inputs are node names (their one output), ``$parameter``, or numbers."""
    takes = more.pop("takes", {})
    over = more.pop("over", None)
    inputs = tuple(Input(f"x{place}", takes.get(place, INT), source(one)) for place, one in enumerate(given))
    return Node(
        name,
        f"work:{name}",
        inputs=inputs,
        outputs=(Output("result", out),),
        returns=Returns.VALUE,
        over=None if over is None else f"x{over}",
        **more,
    )


def source(given: str | int) -> FromOutput | FromParameter | Literal:
    if isinstance(given, int):
        return Literal(str(given))
    if given.startswith("$"):
        return FromParameter(given[1:])
    return FromOutput(given, "result")


def when(name: str, comparison: Comparison, value: Any) -> Condition:
    found = source(name)
    assert not isinstance(found, Literal)
    return Condition(
        found, comparison, source(value) if isinstance(value, str) else Literal(typed_json.encode(value))
    )


def graph(*nodes: Node, results: tuple[str, ...] = ()) -> Graph:
    found = tuple(Result(name, FromOutput(name, "result")) for name in results)
    return checked(Graph("flow", nodes, (Parameter("size", INT, "3"),), found))


def mapping() -> Graph:
    """A list, a map over it, and a step that joins the results."""
    return graph(
        node("items", out=list_of(INT)),
        node("each", "items", "$size", over=0, options=StepOptions(retries=1)),
        node("total", "each", takes={0: list_of(INT)}),
        results=("total",),
    )


def state(of: Graph, **tasks: TaskState) -> RunState:
    """A state in which the named nodes (``name__0`` for items) stand as given."""
    found = {}
    for key, task in tasks.items():
        name, _, item = key.partition("__")
        found[TaskId(name, int(item) if item else None)] = task
    return RunState(of, parameters={"size": number(3)}, tasks=found)


def done(value: Any, declared: ValueType = INT) -> TaskState:
    return TaskState(TaskStatus.SUCCEEDED, outputs={"result": number(value, declared)})


RUNNING = TaskState(TaskStatus.RUNNING)
FAILED = TaskState(TaskStatus.FAILED)
SKIPPED = TaskState(TaskStatus.SKIPPED)
