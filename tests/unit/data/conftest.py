from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tenuto.data.reading import read_source
from tenuto.data.words import SourceSpec, TableRead


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


@pytest.fixture
def read(root: Path) -> Callable[..., TableRead]:
    """Return a function that writes files below the allowed folder and reads them as one source."""

    def work(*contents: bytes, **spec: object) -> TableRead:
        for number, content in enumerate(contents, 1):
            (root / f"part{number}.csv").write_bytes(content)
        declared = {"path": str(root)} | spec
        return read_source(SourceSpec(**declared), [root])  # type: ignore[arg-type]

    return work
