"""The simulator's own record: what reached it and what it counted. Nothing else is evidence of that."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key", "cookie"})


class Journal:
    """One JSON line per request, on the disk before the next thing happens. Without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else path.open("ab", buffering=0)

    def write(self, line: Mapping[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            os.fsync(self._file.fileno())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers without the value of any credential."""
    return {name: "(hidden)" if name in _CREDENTIALS else value for name, value in headers.items()}


def shown_body(body: bytes) -> Any:
    """Return a body as its JSON, or as text where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
