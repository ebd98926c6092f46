from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.gateway_host import Gateway, SimulatorProcess
from tenuto.gateway.words.routing import Route


@pytest.fixture(scope="module")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., SimulatorProcess]]:
    started: list[SimulatorProcess] = []

    def start(*options: str) -> SimulatorProcess:
        log = tmp_path_factory.mktemp("simulator") / "calls.jsonl"
        started.append(SimulatorProcess(log, *options))
        return started[-1]

    yield start
    for simulator in started:
        simulator.kill()


@pytest.fixture(scope="module")
def gateways() -> Iterator[Callable[..., Gateway]]:
    started: list[Gateway] = []

    def start(routes: list[Route], **changes: Any) -> Gateway:
        started.append(Gateway(routes, **changes))
        return started[-1]

    yield start
    for gateway in started:
        gateway.stop()
