"""What can be wrong with a secret."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

SECRET_UNKNOWN = Fault(
    "govern.secret_unknown",
    FaultKind.NOT_FOUND,
    "there is no secret of that name",
    "Write it with `tenuto secret set NAME`.",
)
