from __future__ import annotations

import msgspec
import pytest

from tenuto.core.errors import TenutoError
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
    Resources,
    Result,
    Returns,
    StepOptions,
    to_json,
)
from tenuto.core.graph_checks import LARGEST_GRAPH, checked, read_graph
from tenuto.core.value_types import Kind, ValueType, list_of

INT, FLOAT, TEXT, TABLE = (ValueType(kind) for kind in (Kind.INT, Kind.FLOAT, Kind.TEXT, Kind.TABLE))

NUMBERS = Node("numbers", "work:numbers", outputs=(Output("result", list_of(INT)),), returns=Returns.VALUE)
DOUBLE = Node(
    "double",
    "work:double",
    inputs=(Input("number", INT, FromOutput("numbers", "result")), Input("by", FLOAT, FromParameter("by"))),
    outputs=(Output("result", FLOAT),),
    returns=Returns.VALUE,
    over="number",
)
TOTAL = Node(
    "total",
    "work.sums:total",
    inputs=(
        Input("values", list_of(FLOAT), FromOutput("double", "result")),
        Input("name", TEXT, Literal('"a"')),
    ),
    outputs=(Output("result", FLOAT),),
    returns=Returns.VALUE,
    conditions=(Condition(FromParameter("by"), Comparison.MORE_THAN, Literal("0.0")),),
)
GRAPH = Graph(
    "doubling",
    (NUMBERS, DOUBLE, TOTAL),
    parameters=(Parameter("by", FLOAT, "2.0"),),
    results=(Result("total", FromOutput("total", "result")),),
)


def changed(node: Node, **changes: object) -> Graph:
    nodes = tuple(msgspec.structs.replace(one, **changes) if one is node else one for one in GRAPH.nodes)
    return msgspec.structs.replace(GRAPH, nodes=nodes)


@pytest.mark.capability("O1")
def test_a_graph_survives_json() -> None:
    assert read_graph(to_json(GRAPH)) == GRAPH


@pytest.mark.parametrize(
    ("graph", "place", "detail"),
    [
        (msgspec.structs.replace(GRAPH, nodes=(DOUBLE, NUMBERS)), "nodes[0].inputs.number", "stands before"),
        (msgspec.structs.replace(GRAPH, nodes=(NUMBERS, NUMBERS)), "nodes[1].name", "twice"),
        (msgspec.structs.replace(GRAPH, nodes=()), "nodes", "1 to 500"),
        (msgspec.structs.replace(GRAPH, format=2), "format", "format 1"),
        (msgspec.structs.replace(GRAPH, name="a b"), "name", "no name"),
        (changed(NUMBERS, step="os.system"), "nodes[0].step", "module:function"),
        (changed(NUMBERS, step="../x:y"), "nodes[0].step", "module:function"),
        (changed(NUMBERS, name="../etc"), "nodes[0].name", "no name"),
        (changed(NUMBERS, outputs=()), "nodes[0].returns", "does not go with 0"),
        (
            changed(NUMBERS, outputs=(Output("result", ValueType(Kind.LIST)),)),
            "nodes[0].outputs.result.type",
            "inner",
        ),
        (changed(NUMBERS, returns=Returns.TUPLE), "nodes[0].returns", "does not go with 1"),
        (changed(DOUBLE, over="nobody"), "nodes[1].over", "no input"),
        (changed(DOUBLE, over=None), "nodes[1].inputs.number", "takes int, and is given list[int]"),
        (changed(TOTAL, inputs=(Input("name", TEXT, Literal("1")),)), "nodes[2].inputs.name", "expected str"),
        (
            changed(TOTAL, inputs=(Input("name", TABLE, Literal("1")),)),
            "nodes[2].inputs.name",
            "expected table",
        ),
        (
            changed(TOTAL, inputs=(Input("x", FLOAT, FromOutput("double", "y")),)),
            "nodes[2].inputs.x",
            "no output",
        ),
        (
            changed(TOTAL, inputs=(Input("x", FLOAT, FromParameter("y")),)),
            "nodes[2].inputs.x",
            "no parameter",
        ),
        (
            changed(
                TOTAL,
                conditions=(Condition(FromOutput("double", "result"), Comparison.EQUALS, Literal("1")),),
            ),
            "nodes[2].conditions[0]",
            "single value",
        ),
        (
            changed(TOTAL, conditions=(Condition(FromParameter("by"), Comparison.EQUALS, Literal('"a"')),)),
            "nodes[2].conditions[0]",
            "never 'a'",
        ),
        (changed(NUMBERS, options=StepOptions(retries=-1)), "nodes[0].options.retries", "0 to"),
        (changed(NUMBERS, options=StepOptions(timeout=0.0)), "nodes[0].options.timeout", "more than 0"),
        (
            changed(NUMBERS, options=StepOptions(timeout=float("nan"))),
            "nodes[0].options.timeout",
            "more than 0",
        ),
        (changed(NUMBERS, options=StepOptions(inline=True, timeout=1.0)), "nodes[0].options", "inline"),
        (
            changed(NUMBERS, options=StepOptions(resources=Resources(cpus=0.0))),
            "nodes[0].options.resources.cpus",
            "more than 0",
        ),
        (
            msgspec.structs.replace(GRAPH, parameters=(Parameter("by", TABLE),)),
            "parameters[0].type",
            "JSON value",
        ),
        (
            msgspec.structs.replace(GRAPH, parameters=(Parameter("by", FLOAT, '"a"'),)),
            "parameters[0].default",
            "float",
        ),
        (
            msgspec.structs.replace(GRAPH, results=(Result("x", FromOutput("nobody", "y")),)),
            "results[0].source",
            "stands before",
        ),
    ],
)
def test_a_graph_that_does_not_hold_together_is_refused_with_the_place(
    graph: Graph, place: str, detail: str
) -> None:
    with pytest.raises(TenutoError) as raised:
        checked(graph)
    assert raised.value.context["field"] == place
    assert detail in raised.value.detail


def test_a_strangers_field_is_named() -> None:
    with pytest.raises(TenutoError, match="nodez"):
        read_graph(b'{"name":"a","nodez":[]}')


def test_a_graph_has_a_size() -> None:
    with pytest.raises(TenutoError, match="at most"):
        read_graph(b" " * (LARGEST_GRAPH + 1))
