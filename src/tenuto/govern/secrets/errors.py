"""What can be wrong with a secret."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

SECRET_UNKNOWN = Fault(
    "govern.secret_unknown",
    FaultKind.NOT_FOUND,
    "there is no secret of that name",
    "Write it with `tenuto secret set NAME`.",
)
SECRET_NAME_INVALID = Fault(
    "govern.secret_name_invalid",
    FaultKind.INVALID,
    "a secret cannot have that name",
    "Use 1 to 128 letters, digits, dots, hyphens and underscores, beginning and ending with a letter or digit.",
)
SECRET_EMPTY = Fault(
    "govern.secret_empty",
    FaultKind.INVALID,
    "the secret is empty",
    "Give a value; `tenuto secret delete NAME` takes a secret away.",
)
