"""``Gate`` as a declared thing."""

from __future__ import annotations

from tenuto.govern.resources.words import Kind, Level
from tenuto.registry.rules import GateSpec

GATE = Kind(
    name="Gate",
    level=Level.WORKSPACE,
    spec=GateSpec,
    summary="What a model version must show. Named like the model it is for, or `default` for all others.",
)
