"""One prediction as the models see it: arrays, not bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tenuto.serving.protocol.arrays import Array


class InferCall(msgspec.Struct, frozen=True, eq=False):
    """A checked request.

    ``outputs`` are the wanted ones in the order of the answer, ``binary`` those that travel as binary data.
    ``parameters`` is the canonical JSON of what the client set beyond the protocol's own: requests that
    differ in it are never computed together.
    """

    inputs: dict[str, Array]
    rows: int
    outputs: tuple[str, ...]
    binary: frozenset[str] = frozenset()
    id: str = ""
    parameters: bytes = b"{}"
    timeout_seconds: float | None = None
