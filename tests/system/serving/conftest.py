"""One prediction server for the tests of a module."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.serving_host import RunningHost


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A short path: a socket's name has to fit in it."""
    with tempfile.TemporaryDirectory(prefix="tenuto-serving-") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[RunningHost]:
    running = RunningHost(folder)
    running.wait_ready()
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()
