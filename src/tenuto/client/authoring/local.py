"""A pipeline run in this process, for debugging: the same order, types and conditions as on a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tenuto.client.authoring.errors import WRONG_WIRING
from tenuto.core import typed_json
from tenuto.core.comparing import holds
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Condition, FromOutput, FromParameter, Graph, Literal, Node, Source, input_type
from tenuto.core.step_values import as_declared, split_outputs
from tenuto.core.value_types import takes_none

_Values = dict[str, dict[str, Any]]  # node -> output -> value; a skipped node is not in it


def run_here(
    graph: Graph, functions: Mapping[str, Callable[..., Any]], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Run the graph's steps in order and return its results by name; those of skipped steps are None."""
    run = _Run(parameters)
    for node in graph.nodes:
        run.step(node, functions[node.name])
    return {result.name: run.value(result.source) for result in graph.results}


class _Run:
    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._made: _Values = {}

    def value(self, source: Source) -> Any:
        if isinstance(source, FromParameter):
            return self._parameters[source.name]
        if isinstance(source, Literal):
            return typed_json.decode(source.text)
        return self._made.get(source.node, {}).get(source.output)

    def step(self, node: Node, function: Callable[..., Any]) -> None:
        if not self._runs(node):
            return
        arguments = {given.name: self.value(given.source) for given in node.inputs}
        if node.over is None:
            self._made[node.name] = _made(node, function(**arguments))
            return
        items = arguments.pop(node.over)
        made = [_made(node, function(**{node.over: item, **arguments})) for item in items]
        self._made[node.name] = {output.name: [one[output.name] for one in made] for output in node.outputs}

    def _runs(self, node: Node) -> bool:
        given = all(
            self._is_there(given.source) or takes_none(input_type(node, given)) for given in node.inputs
        )
        return given and all(self._holds(condition) for condition in node.conditions)

    def _is_there(self, source: Source) -> bool:
        return not isinstance(source, FromOutput) or source.node in self._made

    def _holds(self, condition: Condition) -> bool:
        there = self._is_there(condition.source) and self._is_there(condition.bound)
        return there and holds(
            condition.comparison, self.value(condition.source), self.value(condition.bound)
        )


def _made(node: Node, returned: Any) -> dict[str, Any]:
    try:
        values = split_outputs(node.returns, node.outputs, returned)
        return {
            output.name: as_declared(output.name, output.type, values[output.name]) for output in node.outputs
        }
    except TenutoError as error:
        raise TenutoError(WRONG_WIRING, f"`{node.name}`: {error.detail}", step=node.name) from error
