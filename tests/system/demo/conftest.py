from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from system.demo.running import Demo


@pytest.fixture
def demo() -> Iterator[Any]:
    """Start demos in a temporary folder of a usual length: sockets lie in it."""
    started: list[Demo] = []
    with tempfile.TemporaryDirectory(prefix="demo-test-") as folder:

        def start(*arguments: str, **environment: str) -> Demo:
            started.append(Demo(Path(folder), *arguments, **environment))
            return started[-1]

        yield start
        for one in started:
            if one.process.poll() is None:
                one.process.kill()
                one.process.communicate()
