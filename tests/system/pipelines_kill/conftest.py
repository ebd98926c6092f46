from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.kill_host import KillHost, Siege, opened


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillHost]:
    yield from opened(tmp_path_factory.mktemp("kill") / "home")


@pytest.fixture(scope="module")
def confined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillHost]:
    """The same with steps in their sandbox, as far as the machine offers one."""
    yield from opened(tmp_path_factory.mktemp("confined") / "home", sandboxed=True)


@pytest.fixture(scope="module")
def undisturbed(host: KillHost) -> dict[str, Any]:
    """What a run makes when nobody disturbs it."""
    return made_by(host)


@pytest.fixture(scope="module")
def undisturbed_there(confined: KillHost) -> dict[str, Any]:
    return made_by(confined)


def made_by(host: KillHost) -> dict[str, Any]:
    siege = Siege(host, [])
    siege.watched.append(host.submit())
    siege.lift()
    [watched] = siege.watched
    assert host.host.status(watched.run) == "succeeded"
    counts = {place.name: watched.count(place.name) for place in watched.marks.iterdir()}
    assert counts.pop("flaky") == 2
    assert set(counts.values()) == {1}
    return host.digest(watched.run)
