"""A disk without room refuses each change before it begins, and the same change goes through when there is room."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from support.disks import SimulatedDisk
from support.use_case_calls import CALLS
from support.world import World
from tenuto.core.errors import FaultKind, TenutoError
from tenuto.govern.use_case import Desk
from tenuto.store.database import Database, Logins
from tenuto.store.space import Room

NAMES = {f"{case.__module__.removeprefix('tenuto.')}:{case.__name__}": case for case in CALLS}
CHANGES = sorted(name for name, case in NAMES.items() if case.mutating)


@pytest.fixture
def disk() -> SimulatedDisk:
    return SimulatedDisk(free=0)


@pytest.fixture
def cramped(world: World, logins: Logins, disk: SimulatedDisk) -> Iterator[Desk]:
    """A desk whose database lies on that disk."""
    database = Database(logins, room=Room(world.folder, disk))
    yield msgspec.structs.replace(world.desk, database=database)
    database.close()


@pytest.mark.capability("O2")
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_waits_for_room(name: str, world: World, cramped: Desk, disk: SimulatedDisk) -> None:
    prepared = CALLS[NAMES[name]](world)
    disk.free = -1
    with pytest.raises(TenutoError) as refused:
        prepared.call(cramped)
    assert refused.value.fault.code == "store.database_full"
    assert refused.value.fault.kind is FaultKind.NO_SPACE
    assert refused.value.fault.retryable
    disk.free = 0
    prepared.call(cramped)
