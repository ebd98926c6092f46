"""JSON values that are at hand as text: parameters, literals, conditions."""

from __future__ import annotations

from typing import Any

from tenuto.core import typed_json
from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.core.graph_checks import LONGEST_TEXT
from tenuto.core.value_types import ValueType
from tenuto.pipelines.errors import VALUE_NOT_POSSIBLE, VALUE_TOO_LARGE
from tenuto.pipelines.words import Encoding, StoredValue


def stored_text(text: str, declared: ValueType, name: str) -> StoredValue:
    """Return the address of typed JSON that travels in it. Raises when it is too long or of another type."""
    if len(text) > LONGEST_TEXT:
        raise TenutoError(VALUE_TOO_LARGE, f"`{name}`: more than {LONGEST_TEXT} characters", field=name)
    try:
        exact = typed_json.encode(typed_json.decode(text, declared))
    except TenutoError as error:
        raise TenutoError(VALUE_NOT_POSSIBLE, f"`{name}`: {error.detail}", field=name) from error
    content = exact.encode()
    return StoredValue(declared, Encoding.JSON, digest_of(content), len(content), exact)


def scalar_of(stored: StoredValue) -> Any:
    """Return a single value for a condition. A text too long to travel equals nothing it is compared with."""
    return typed_json.decode(stored.text, stored.type) if stored.text is not None else object()
