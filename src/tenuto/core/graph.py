"""A pipeline as data: what is stored, signed, audited and executed.

Nodes stand in an order in which they could run: a node reads only from nodes before it, so a cycle cannot be
written down. Everything a server has to decide about a graph is in it (see ``graph_checks``): no code is
imported to judge it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import msgspec

from tenuto.core.value_types import ValueType, list_of

FORMAT = 1


class _Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What every word of a graph shares."""


class FromOutput(_Word, frozen=True, tag_field="from", tag="output"):
    node: str
    output: str


class FromParameter(_Word, frozen=True, tag_field="from", tag="parameter"):
    name: str


class Literal(_Word, frozen=True, tag_field="from", tag="literal"):
    text: str  # typed JSON


Source = FromOutput | FromParameter | Literal


class Input(_Word, frozen=True):
    """What a step's parameter ``name``, declared as ``type``, is given."""

    name: str
    type: ValueType
    source: Source


class Output(_Word, frozen=True):
    name: str
    type: ValueType


class Returns(Enum):
    """How what a step's function returns becomes its outputs."""

    NOTHING = "nothing"
    VALUE = "value"  # one output
    TUPLE = "tuple"  # outputs by position
    FIELDS = "fields"  # outputs by attribute: a named tuple, a dataclass


class Comparison(Enum):
    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"
    ONE_OF = "one_of"


class Condition(_Word, frozen=True):
    """The node runs only if ``source`` compares so with ``bound``, which is a list for ``one_of``."""

    source: FromOutput | FromParameter
    comparison: Comparison
    bound: Source


class Resources(_Word, frozen=True):
    cpus: float | None = None
    memory_bytes: int | None = None  # what the step may allocate on top of the libraries it starts with


class StepOptions(_Word, frozen=True):
    """``version`` is declared by the author and changes the step's key. ``files`` are patterns of data files
    in the project's folder that count as the step's code. Delays and timeouts are seconds; a timeout holds
    for one attempt, or for one item of a map.
    """

    inline: bool = False
    retries: int = 0
    retry_delay: float = 1.0
    timeout: float | None = None
    cache: bool = True
    resources: Resources = Resources()
    version: str = ""
    files: tuple[str, ...] = ()


class Node(_Word, frozen=True):
    """One use of a step. ``step`` is ``module:function``. ``over`` names the input that is mapped over: it is
    given a list, and the step runs once for each item.
    """

    name: str
    step: str
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    returns: Returns = Returns.NOTHING
    options: StepOptions = StepOptions()
    conditions: tuple[Condition, ...] = ()
    over: str | None = None


class Parameter(_Word, frozen=True):
    name: str
    type: ValueType
    default: str | None = None  # typed JSON; None asks for a value at each run


class Result(_Word, frozen=True):
    """An output of the pipeline itself."""

    name: str
    source: FromOutput | FromParameter


class Graph(_Word, frozen=True):
    name: str
    nodes: tuple[Node, ...]
    parameters: tuple[Parameter, ...] = ()
    results: tuple[Result, ...] = ()
    summary: str = ""
    format: int = FORMAT

    def node(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)


def to_json(graph: Graph) -> bytes:
    """Return the graph's one spelling."""
    return msgspec.json.encode(graph, order="deterministic")


def output_type(node: Node, name: str) -> ValueType | None:
    """Return the type of an output as others see it: of a mapped node, the list of all items' values."""
    found = next((output.type for output in node.outputs if output.name == name), None)
    return list_of(found) if found is not None and node.over is not None else found


def input_type(node: Node, given: Input) -> ValueType:
    """Return the type that an input's source must fit: of the mapped input, a list of it."""
    return list_of(given.type) if given.name == node.over else given.type


def reads_from(node: Node) -> Iterator[str]:
    """Yield the names of the nodes that ``node`` waits for, conditions included."""
    compared: list[Source] = [one for held in node.conditions for one in (held.source, held.bound)]
    for source in [*(given.source for given in node.inputs), *compared]:
        if isinstance(source, FromOutput):
            yield source.node
