from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.running import CommandLine, RunningPlatform, fresh_platform, owner, running_platform
from system.platform.doors import apply, rows

__all__ = ["fresh_platform", "owner", "running_platform"]

# What people and programs can bring about. The platform's own upkeep writes to other tables.
KEPT = (
    "resource",
    "resource_revision",
    "dataset_version",
    "model_version",
    "artifact",
    "run",
    "usage_record",
    "api_key",
    "audit_record",
)


@pytest.fixture
def lab(running_platform: RunningPlatform, owner: CommandLine) -> CommandLine:
    """Ann's command line in a workspace of that name."""
    status, told = apply(running_platform, "lab")
    assert status == 200, told
    return owner.with_environment(TENUTO_WORKSPACE="lab")


@pytest.fixture
def nothing_kept(lab: CommandLine, running_platform: RunningPlatform) -> Iterator[None]:
    """Fails a test after which there is one row, blob or half-written file more than before."""
    before = rows(running_platform.home, *KEPT), _files(running_platform)
    yield
    assert (rows(running_platform.home, *KEPT), _files(running_platform)) == before


def _files(platform: RunningPlatform) -> set[str]:
    folders = [platform.home / name for name in ("blobs", "staging", "uploads", "scratch")]
    return {
        str(path) for folder in folders if folder.exists() for path in folder.rglob("*") if path.is_file()
    }
