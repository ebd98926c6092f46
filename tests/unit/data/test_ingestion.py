from __future__ import annotations

from pathlib import Path

import pytest

from support.disks import SimulatedDisk
from support.platform import Allowing
from support.world import World
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.data.ingestion import ingest, load_table
from tenuto.registry import use_cases as registry
from tenuto.registry.words import DatasetVersion
from tenuto.store.blobs import Blobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(str(tmp_path / "blobs"), tmp_path / "staging")


@pytest.fixture
def scope(world: World, root: Path) -> Scope:
    (root / "a.csv").write_text("x,label\n1.5,yes\n2.5,no\n,yes\n")
    spec = {"path": str(root), "columns": {"x": "number"}, "sensitivity": "health"}
    world.declare("Source", "measures", spec, "lab")
    return world.inside("lab")


def take_in(world: World, scope: Scope, blobs: Blobs, root: Path, source: str = "measures") -> DatasetVersion:
    return ingest(world.desk, scope, blobs, [root], source=source, dataset="measures")


@pytest.mark.capability("D2")
def test_a_source_becomes_a_version_with_schema_profile_and_provenance(
    world: World, scope: Scope, blobs: Blobs, root: Path
) -> None:
    version = take_in(world, scope, blobs, root)
    assert (version.version, version.rows) == (1, 3)
    assert [one["type"] for one in version.schema] == ["double", "string"]
    assert version.profile["columns"]["x"]["mean"] == 2.0
    assert version.provenance["source"] == "measures"
    assert version.provenance["sensitivity"] == "health"
    assert [one["name"] for one in version.provenance["files"]] == ["a.csv"]
    assert load_table(blobs, version.digest).to_pydict() == {
        "x": [1.5, 2.5, None],
        "label": ["yes", "no", "yes"],
    }
    assert registry.dataset(world.desk, scope, name="measures").digest == version.digest


@pytest.mark.capability("D2")
def test_the_same_rows_have_the_same_digest_and_others_another(
    world: World, scope: Scope, blobs: Blobs, root: Path
) -> None:
    first, second = take_in(world, scope, blobs, root), take_in(world, scope, blobs, root)
    assert (first.version, second.version) == (1, 2)
    assert first.digest == second.digest
    (root / "a.csv").write_text("x,label\n1.5,yes\n2.5,no\n,no\n")
    assert take_in(world, scope, blobs, root).digest != first.digest


def test_nothing_is_registered_of_a_source_that_does_not_read(
    world: World, scope: Scope, blobs: Blobs, root: Path
) -> None:
    (root / "b.csv").write_text("x,label\nwrong,no\n")
    with pytest.raises(TenutoError, match=r"b\.csv, row 2, column `x`"):
        take_in(world, scope, blobs, root)
    assert registry.datasets(world.desk, scope) == []
    with pytest.raises(TenutoError) as caught:
        take_in(world, scope, blobs, root, "unknown")
    assert caught.value.fault.code == "govern.resource_unknown"


def test_a_full_disk_registers_nothing_and_takes_the_same_source_later(
    world: World, scope: Scope, root: Path, tmp_path: Path
) -> None:
    disk = SimulatedDisk(free=-1)
    blobs = Blobs(str(tmp_path / "blobs"), tmp_path / "staging", disk)
    with pytest.raises(TenutoError) as caught:
        take_in(world, scope, blobs, root)
    assert (caught.value.fault.code, caught.value.fault.retryable) == ("store.disk_full", True)
    assert registry.datasets(world.desk, scope) == []
    assert not (tmp_path / "blobs").exists()
    disk.free = 1 << 20
    assert take_in(world, scope, blobs, root).version == 1


@pytest.mark.capability("D3")
def test_who_may_not_ingest_does_not_make_a_file_be_read(
    world: World, scope: Scope, blobs: Blobs, root: Path
) -> None:
    (root / "a.csv").write_bytes(b"\xff")
    assert isinstance(world.desk.decider, Allowing)
    world.desk.decider.refused.add("data:source:ingest")
    with pytest.raises(TenutoError) as caught:
        take_in(world, scope, blobs, root)
    assert caught.value.fault.code == "govern.not_allowed"
