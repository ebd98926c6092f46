"""What a pipeline's body holds instead of values: handles on what steps will make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

from tenuto.client.authoring.errors import VALUE_NOT_KNOWN_YET, WRONG_WIRING
from tenuto.core.errors import TenutoError
from tenuto.core.graph import FromOutput, FromParameter
from tenuto.core.value_types import ValueType


def _refusing(what: str) -> Any:
    """Return a method that says why a value's nature cannot be asked for while steps are being wired."""

    def refuse(self: Handle, *_: object) -> NoReturn:
        raise TenutoError(VALUE_NOT_KNOWN_YET, f"`{self}`: {what}", value=str(self))

    return refuse


class Handle:
    """A value that will exist when the pipeline runs: an output of a step, or a parameter.

    It can be passed to steps and to ``when``; whatever else would need the value is refused.
    """

    def __init__(self, trace: object, source: FromOutput | FromParameter, value_type: ValueType) -> None:
        self.trace = trace
        self.source = source
        self.type = value_type

    def __repr__(self) -> str:
        return f"<{self}: {self.type}>"

    def __str__(self) -> str:
        if isinstance(self.source, FromParameter):
            return self.source.name
        return f"{self.source.node}.{self.source.output}"

    __bool__ = _refusing("its truth was asked for")
    __len__ = _refusing("its length was asked for")
    __iter__ = _refusing("it was iterated over; to run a step on each item use `step.map(value)`")
    __getitem__ = _refusing("one of its items was asked for")
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refusing("it was compared")
    __hash__ = object.__hash__


class Handles:
    """The outputs of a step that has several: by attribute, by position, or unpacked in order."""

    def __init__(self, node: str, outputs: dict[str, Handle]) -> None:
        self._node = node
        self._outputs = outputs

    def __getattr__(self, name: str) -> Handle:
        try:
            return self._outputs[name]
        except KeyError:
            known = ", ".join(self._outputs) or "none"
            raise AttributeError(
                f"step `{self._node}` has no output `{name}`; its outputs: {known}"
            ) from None

    def __getitem__(self, index: int) -> Handle:
        return list(self._outputs.values())[index]

    def __iter__(self) -> Iterator[Handle]:
        return iter(self._outputs.values())

    def __len__(self) -> int:
        return len(self._outputs)

    def __repr__(self) -> str:
        return f"<{self._node}: {', '.join(self._outputs) or 'no outputs'}>"

    def one(self) -> Handle:
        """Refuse to stand for a single value, saying what to write instead."""
        choices = " or ".join(f"`.{name}`" for name in self._outputs)
        detail = f"name one of its outputs: {choices}" if self._outputs else "it returns nothing"
        raise TenutoError(WRONG_WIRING, f"step `{self._node}` was passed whole: {detail}")
