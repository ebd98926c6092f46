"""Whether a graph holds together: names, order, types, bounds. A mistake is told with its place."""

from __future__ import annotations

from collections.abc import Iterable

from tenuto.core import typed_json
from tenuto.core.decoding import decode_json
from tenuto.core.errors import INVALID_VALUE, TenutoError
from tenuto.core.graph import (
    FORMAT,
    Comparison,
    Condition,
    FromOutput,
    FromParameter,
    Graph,
    Input,
    Literal,
    Node,
    Parameter,
    Returns,
    StepOptions,
    input_type,
    output_type,
)
from tenuto.core.value_types import (
    ANY_JSON,
    SCALARS,
    Kind,
    ValueType,
    fits,
    is_json,
    malformed,
    members,
)

MOST_NODES = 500
MOST_NAMES = 100  # inputs or outputs of a node, parameters of a pipeline
LONGEST_NAME = 100
LONGEST_TEXT = 65_536  # characters of a literal or a default
LARGEST_GRAPH = 4 * 2**20  # bytes
MOST_RETRIES = 20
LONGEST_DELAY = 86_400.0
LONGEST_TIMEOUT = 7 * 86_400.0


def read_graph(content: bytes) -> Graph:
    """Read and check a graph that came from a stranger."""
    if len(content) > LARGEST_GRAPH:
        raise TenutoError(INVALID_VALUE, f"a graph has at most {LARGEST_GRAPH} bytes", limit=LARGEST_GRAPH)
    return checked(decode_json(content, Graph))


def checked(graph: Graph) -> Graph:
    """Return ``graph`` if it holds together, else raise with the place of the first mistake."""
    _Check(graph).run()
    return graph


class _Check:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._parameters = {parameter.name: parameter.type for parameter in graph.parameters}
        self._before: dict[str, Node] = {}

    def run(self) -> None:
        graph = self._graph
        _require(graph.format == FORMAT, "format", f"this version reads format {FORMAT}")
        _require_name(graph.name, "name")
        _require(1 <= len(graph.nodes) <= MOST_NODES, "nodes", f"a pipeline has 1 to {MOST_NODES} steps")
        self._require_names((parameter.name for parameter in graph.parameters), "parameters")
        for index, parameter in enumerate(graph.parameters):
            _require_parameter(parameter, f"parameters[{index}]")
        for index, node in enumerate(graph.nodes):
            self._require_node(node, f"nodes[{index}]")
            self._before[node.name] = node
        self._require_names((result.name for result in graph.results), "results")
        for index, result in enumerate(graph.results):
            self._type_of(result.source, f"results[{index}].source")

    def _require_node(self, node: Node, place: str) -> None:
        _require_name(node.name, f"{place}.name")
        _require(node.name not in self._before, f"{place}.name", f"`{node.name}` is there twice")
        _require_reference(node.step, f"{place}.step")
        require_options(node.options, f"{place}.options")
        self._require_names((given.name for given in node.inputs), f"{place}.inputs")
        self._require_names((output.name for output in node.outputs), f"{place}.outputs")
        mapped = node.over is None or any(given.name == node.over for given in node.inputs)
        _require(mapped, f"{place}.over", f"`{node.over}` is no input of `{node.name}`")
        for given in node.inputs:
            self._require_input(node, given, f"{place}.inputs.{given.name}")
        for output in node.outputs:
            _require_type(output.type, f"{place}.outputs.{output.name}.type")
        _require_returns(node, f"{place}.returns")
        for index, condition in enumerate(node.conditions):
            self._require_condition(condition, f"{place}.conditions[{index}]")

    def _require_input(self, node: Node, given: Input, place: str) -> None:
        _require_type(given.type, f"{place}.type")
        wanted = input_type(node, given)
        if isinstance(given.source, Literal):
            _require_text(given.source.text, wanted, place)
            return
        found = self._type_of(given.source, place)
        _require(fits(found, wanted), place, f"takes {wanted}, and is given {found}")

    def _require_condition(self, condition: Condition, place: str) -> None:
        found = self._type_of(condition.source, f"{place}.source")
        bound = condition.bound
        if isinstance(bound, Literal):
            _require_text(bound.text, ANY_JSON, f"{place}.bound")
            reason = incomparable(found, condition.comparison, typed_json.decode(bound.text))
        else:
            bound_type = self._type_of(bound, f"{place}.bound")
            computed = isinstance(bound, FromOutput)
            reason = incomparable_types(found, condition.comparison, bound_type, computed=computed)
        _require(reason is None, place, reason or "")

    def _type_of(self, source: FromOutput | FromParameter, place: str) -> ValueType:
        if isinstance(source, FromParameter):
            found = self._parameters.get(source.name)
            _require(found is not None, place, f"`{source.name}` is no parameter")
        else:
            node = self._before.get(source.node)
            _require(node is not None, place, f"no step `{source.node}` stands before")
            assert node is not None
            found = output_type(node, source.output)
            _require(found is not None, place, f"`{source.node}` has no output `{source.output}`")
        assert found is not None
        return found

    @staticmethod
    def _require_names(names: Iterable[str], place: str) -> None:
        found = list(names)
        _require(len(found) <= MOST_NAMES, place, f"at most {MOST_NAMES}")
        for name in found:
            _require(name.isdecimal() or name.isidentifier(), place, f"`{name}` is no name")
            _require(len(name) <= LONGEST_NAME, place, f"a name has at most {LONGEST_NAME} characters")
        _require(len(set(found)) == len(found), place, "a name is there twice")


_NUMBERS = frozenset({Kind.INT, Kind.FLOAT, Kind.DECIMAL})
_BY_EQUALITY = {Comparison.EQUALS, Comparison.NOT_EQUALS, Comparison.ONE_OF}


def incomparable(found: ValueType, comparison: Comparison, value: object) -> str | None:
    """Return why a value of type ``found`` cannot be compared so with ``value``, or None if it can."""
    reason = _no_single_value(found, comparison)
    if reason is not None:
        return reason
    if comparison is Comparison.ONE_OF and not isinstance(value, list):
        return "`one_of` takes a list"
    values = value if comparison is Comparison.ONE_OF and isinstance(value, list) else [value]
    strange = next((one for one in values if not _comparable(one, found)), None)
    return None if strange is None else f"{found} is never {strange!r}"


def incomparable_types(
    found: ValueType, comparison: Comparison, bound: ValueType, *, computed: bool
) -> str | None:
    """Return why a value of type ``found`` cannot be compared so with one of type ``bound``, or None.

    ``computed``: the bound is a step's output.
    """
    if comparison is Comparison.ONE_OF:
        if computed or bound.kind is not Kind.LIST:
            return "`one_of` takes a list, written down or a parameter"
        bound = bound.of[0]
    reason = _no_single_value(found, comparison) or _no_single_value(bound, comparison)
    if reason is not None:
        return reason
    kinds = [{member.kind for member in members(one)} for one in (found, bound)]
    alike = kinds[0] & kinds[1] or all(one & _NUMBERS for one in kinds)
    return None if alike else f"{found} is never {bound}"


def _no_single_value(found: ValueType, comparison: Comparison) -> str | None:
    alternatives = members(found)
    if any(member.kind not in SCALARS for member in alternatives):
        return f"a condition looks at a single value, not at {found}"
    if comparison not in _BY_EQUALITY and any(member.kind not in _NUMBERS for member in alternatives):
        return f"{found} has no order"
    return None


def _comparable(value: object, found: ValueType) -> bool:
    whole = isinstance(value, float) and value.is_integer()  # 1.0 is a fair bound for an int
    return typed_json.is_of(value, found) or (whole and typed_json.is_of(1, found))


def _require(holds: bool, place: str, detail: str) -> None:
    if not holds:
        raise TenutoError(INVALID_VALUE, f"{place}: {detail}", field=place)


def _require_name(name: str, place: str) -> None:
    _require(name.isidentifier() and len(name) <= LONGEST_NAME, place, f"`{name}` is no name")


def _require_reference(step: str, place: str) -> None:
    module, _, function = step.partition(":")
    parts = [*module.split("."), function]
    well_formed = all(part.isidentifier() for part in parts) and len(step) <= 4 * LONGEST_NAME
    _require(well_formed, place, f"`{step}` is not `module:function`")


def _require_type(value_type: ValueType, place: str) -> None:
    wrong = malformed(value_type)
    _require(wrong is None, place, wrong or "")


def _require_parameter(parameter: Parameter, place: str) -> None:
    _require_type(parameter.type, f"{place}.type")
    _require(is_json(parameter.type), f"{place}.type", f"a parameter is a JSON value, not {parameter.type}")
    if parameter.default is not None:
        _require_text(parameter.default, parameter.type, f"{place}.default")


def _require_text(text: str, wanted: ValueType, place: str) -> None:
    _require(len(text) <= LONGEST_TEXT, place, f"a value written down has at most {LONGEST_TEXT} characters")
    try:
        typed_json.decode(text, wanted)
    except TenutoError as error:
        raise TenutoError(INVALID_VALUE, f"{place}: {error.detail}", field=place) from error


def require_options(options: StepOptions, place: str) -> None:
    _require(0 <= options.retries <= MOST_RETRIES, f"{place}.retries", f"0 to {MOST_RETRIES}")
    _require(0 <= options.retry_delay <= LONGEST_DELAY, f"{place}.retry_delay", "0 to 86400 seconds")
    timeout, memory, cpus = options.timeout, options.resources.memory_bytes, options.resources.cpus
    fair = timeout is None or 0 < timeout <= LONGEST_TIMEOUT
    _require(fair, f"{place}.timeout", f"more than 0, at most {LONGEST_TIMEOUT:.0f} seconds")
    _require(memory is None or memory >= 2**20, f"{place}.resources.memory_bytes", "1 MiB or more")
    _require(cpus is None or 0 < cpus <= 1024, f"{place}.resources.cpus", "more than 0, at most 1024")
    bounded = timeout is None and memory is None
    _require(
        not options.inline or bounded, place, "an inline step shares its process: no timeout, no memory bound"
    )
    _require(len(options.version) <= LONGEST_NAME, f"{place}.version", f"at most {LONGEST_NAME} characters")
    _require(len(options.files) <= MOST_NAMES, f"{place}.files", f"at most {MOST_NAMES} patterns")


def _require_returns(node: Node, place: str) -> None:
    count = len(node.outputs)
    agrees = {
        Returns.NOTHING: count == 0,
        Returns.VALUE: count == 1,
        Returns.TUPLE: [output.name for output in node.outputs] == [str(index) for index in range(count)],
        Returns.FIELDS: count >= 1,
    }
    _require(agrees[node.returns], place, f"`{node.returns.value}` does not go with {count} outputs")
