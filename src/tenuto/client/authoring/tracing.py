"""How a pipeline's body, called once, becomes a graph: each call of a step in it records a node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tenuto.client.authoring.errors import WRONG_WIRING
from tenuto.client.authoring.handles import Handle, Handles
from tenuto.client.authoring.signatures import Signature
from tenuto.core import typed_json
from tenuto.core.errors import TenutoError
from tenuto.core.graph import (
    Condition,
    FromOutput,
    Input,
    Literal,
    Node,
    Output,
    Returns,
    Source,
    StepOptions,
    input_type,
    output_type,
)
from tenuto.core.value_types import ValueType, fits, is_json

_active: ContextVar[Trace | None] = ContextVar("tenuto_trace", default=None)


class Trace:
    """The nodes recorded so far, and the conditions that hold where the body is now.

    ``functions`` keeps the functions themselves beside the nodes, for a run in this process.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.functions: dict[str, Any] = {}
        self._conditions: list[Condition] = []

    @contextmanager
    def active(self) -> Iterator[None]:
        token = _active.set(self)
        try:
            yield
        finally:
            _active.reset(token)

    @contextmanager
    def under(self, condition: Condition) -> Iterator[None]:
        self._conditions.append(condition)
        try:
            yield
        finally:
            self._conditions.pop()

    def source(self, handle: Handle) -> Any:
        """Return where ``handle`` comes from. Raises when it belongs to another pipeline's body."""
        if handle.trace is not self:
            raise TenutoError(WRONG_WIRING, f"`{handle}` belongs to another pipeline")
        return handle.source

    def record(
        self,
        function: Any,
        signature: Signature,
        options: StepOptions,
        arguments: Mapping[str, Any],
        *,
        name: str,
        over: str | None = None,
    ) -> Handle | Handles | None:
        """Add a node and return the handles of its outputs; None for a step that returns nothing."""
        name = self._unused(name)
        blank = Node(name, signature.step, over=over)
        node = Node(
            name,
            signature.step,
            inputs=tuple(
                Input(given.name, given.type, self._given(blank, given, arguments[given.name]))
                for given in signature.inputs
                if given.name in arguments
            ),
            outputs=signature.outputs,
            returns=signature.returns,
            options=options,
            conditions=tuple(self._conditions),
            over=over,
        )
        self.nodes.append(node)
        self.functions[name] = function
        return self._handles(node)

    def _given(self, node: Node, wanted: Any, value: Any) -> Source:
        given = Input(wanted.name, wanted.type, Literal(""))
        place = f"`{node.name}({wanted.name}=...)`"
        kind = input_type(node, given)
        if isinstance(value, Handles):
            value = value.one()
        if not isinstance(value, Handle):
            return _literal(value, kind, place)
        source: Source = self.source(value)
        if not fits(value.type, kind):
            detail = f"{place} takes {kind}, and is given `{value}`, which is {value.type}"
            raise TenutoError(WRONG_WIRING, detail, step=node.name, input=wanted.name)
        return source

    def _handles(self, node: Node) -> Handle | Handles | None:
        handles = {output.name: self._handle(node, output) for output in node.outputs}
        if node.returns is Returns.NOTHING:
            return None
        if node.returns is Returns.VALUE:
            return handles[node.outputs[0].name]
        return Handles(node.name, handles)

    def _handle(self, node: Node, output: Output) -> Handle:
        seen = output_type(node, output.name)
        assert seen is not None
        return Handle(self, FromOutput(node.name, output.name), seen)

    def _unused(self, name: str) -> str:
        """Return ``name``, or ``name_2``, ``name_3`` ... for the second and later call of the same step."""
        number, unused = 1, name
        while unused in self.functions:
            number += 1
            unused = f"{name}_{number}"
        return unused


def active_trace() -> Trace | None:
    return _active.get()


def _literal(value: Any, wanted: ValueType, place: str) -> Literal:
    if value is not None and not is_json(wanted):
        detail = f"{place} takes {wanted}, which cannot be written into a pipeline; make it in a step"
        raise TenutoError(WRONG_WIRING, detail)
    try:
        return Literal(typed_json.encode(typed_json.plain(value), wanted))
    except TenutoError as error:
        raise TenutoError(WRONG_WIRING, f"{place}: {error.detail}") from error
