"""The error shape as the description tells it; ``tenuto.web.faults`` writes it."""

from __future__ import annotations

from typing import Any

import msgspec


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    code: str
    summary: str
    detail: str
    fix: str
    retryable: bool
    request_id: str
    context: dict[str, Any] = {}


class ErrorBody(msgspec.Struct, frozen=True):
    error: Problem
