"""The platform's own steps, under the identity of their run; a worker may die between them and their journal."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from support.pipeline_graphs import graph, node
from support.world import World
from tenuto.app.building import Dialects, Platform
from tenuto.app.own_steps import PlatformSteps
from tenuto.app.settings import Settings
from tenuto.core import typed_json
from tenuto.core.clock import SystemClock
from tenuto.core.errors import TenutoError
from tenuto.core.ids import UuidSeven
from tenuto.core.plugins import Plugins
from tenuto.core.value_types import ANY_JSON, Kind, ValueType
from tenuto.pipelines.errors import OWN_STEP_UNKNOWN
from tenuto.pipelines.records import RunRecord
from tenuto.pipelines.values.texts import stored_text
from tenuto.pipelines.words import Encoding, StoredValue, TaskId
from tenuto.pipelines.worker.tools import Handed
from tenuto.registry import use_cases as registry
from tenuto.registry.use_cases import NewArtifact, NewDataset
from tenuto.store.blobs import Blobs

pytestmark = pytest.mark.capability("C1")


@pytest.fixture
def platform(world: World, tmp_path: Path) -> Platform:
    return Platform(
        settings=Settings(home=tmp_path / "home"),
        keys=world.keys,
        desk=world.desk,
        decider=world.decider,
        kinds=world.kinds,
        dialects=Dialects(Plugins("tenuto.providers")),
        blobs=Blobs(str(tmp_path / "blobs"), tmp_path / "staging"),
        vault=world.vault,
        keeper=world.keeper,
        witness=world.witness,
    )


def handed(platform: Platform, world: World, task: TaskId, **inputs: StoredValue) -> Handed:
    scope = world.inside("lab")
    assert scope.workspace is not None
    flow = graph(node("register", "$size"))
    run = RunRecord(
        id=RUN,
        workspace=scope.workspace,
        pipeline="flow",
        graph=flow,
        code="sha256:" + "0" * 64,
        parameters={},
        seed=0,
        status="running",
        cancelled=False,
        actor=scope.actor,
        authors=[scope.actor.id],
        created_at=SystemClock().now(),
    )
    return Handed(run, flow.nodes[0], task, inputs, platform.blobs, platform.settings.home)


RUN = UuidSeven().new()


def document(value: Any) -> StoredValue:
    return stored_text(typed_json.encode(value), ANY_JSON, "value")


def given(platform: Platform) -> dict[str, StoredValue]:
    kept = platform.blobs.put_bytes(pickle.dumps({"weights": [0.5]}))
    return {
        "name": document("churn"),
        "file": StoredValue(ValueType(Kind.FILE), Encoding.FILE, kept.digest, kept.size),
        "packaging": document({"format": "sklearn-pickle"}),
        "metrics": document({"accuracy": 0.9}),
        "evidence": document({"evaluation": {"accuracy": 0.9}}),
    }


def told(outputs: Any) -> Any:
    return typed_json.decode(outputs["result"].text, outputs["result"].type)


def test_a_task_registers_its_model_once_however_often_it_runs(platform: Platform, world: World) -> None:
    steps, task = PlatformSteps(platform), TaskId("register")
    first = told(steps.run("register_model", handed(platform, world, task, **given(platform))))
    again = told(steps.run("register_model", handed(platform, world, task, **given(platform))))
    assert first == again
    assert first["version"] == 1
    assert len(registry.models(world.desk, world.inside("lab"))) == 1


class Command:
    """What a pickle with code in it calls when it is opened."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.marker}",)


@pytest.mark.capability("S3")
@pytest.mark.parametrize("form", ["sklearn-pickle", "sklearn-skops", "onnx", "torch", ""])
def test_a_file_with_code_in_it_is_refused_and_never_opened(
    platform: Platform, world: World, tmp_path: Path, form: str
) -> None:
    marker = tmp_path / "opened"
    kept = platform.blobs.put_bytes(pickle.dumps(Command(marker)))
    pretended = {"digest": kept.digest, "verdict": {"effect": "allow"}, "allowed_globals": ["posix:system"]}
    inputs = given(platform) | {
        "file": StoredValue(ValueType(Kind.FILE), Encoding.FILE, kept.digest, kept.size),
        "packaging": document({"format": form, "clearance": pretended}),
    }
    with pytest.raises(TenutoError) as refused:
        PlatformSteps(platform).run("register_model", handed(platform, world, TaskId("register"), **inputs))
    assert refused.value.fault.code in {"guard.model_refused", "guard.format_unknown"}
    assert not marker.exists()
    assert registry.models(world.desk, world.inside("lab")) == []


@pytest.mark.capability("S3")
def test_what_is_registered_carries_the_scan_and_the_clearance_of_the_guard_alone(
    platform: Platform, world: World
) -> None:
    lie = {"effect": "allow", "reason": "trust me"}
    inputs = given(platform) | {
        "packaging": document({"format": "sklearn-pickle", "clearance": lie}),
        "evidence": document({"scan": lie}),
    }
    PlatformSteps(platform).run("register_model", handed(platform, world, TaskId("register"), **inputs))
    (kept,) = registry.models(world.desk, world.inside("lab"))
    assert kept.signature["clearance"]["digest"] == kept.digest
    assert kept.signature["clearance"]["verdict"]["rule"] == "artifact.accepted"
    assert [(one.kind, one.summary["rule"]) for one in kept.evidence] == [("scan", "artifact.accepted")]


def test_each_item_of_a_map_registers_a_model_of_its_own(platform: Platform, world: World) -> None:
    steps = PlatformSteps(platform)
    versions = [
        told(
            steps.run("register_model", handed(platform, world, TaskId("register", item), **given(platform)))
        )
        for item in (0, 1)
    ]
    assert [one["version"] for one in versions] == [1, 2]


def test_a_dataset_is_given_by_its_address_and_the_reading_is_written_down(
    platform: Platform, world: World
) -> None:
    kept = platform.blobs.put_bytes(b"rows")
    artifact = NewArtifact(
        kind="dataset", digest=kept.digest, size=kept.size, media_type="x", name="rows", producer="upload"
    )
    new = NewDataset(name="rows", artifact=artifact, rows=1, schema=[], profile={}, provenance={})
    registry.register_dataset(world.desk, world.inside("lab"), new=new)
    asked = handed(platform, world, TaskId("load"), name=document("rows"), version=document(None))
    [value] = PlatformSteps(platform).run("load_dataset", asked).values()
    assert (value.digest, value.size, value.metadata["version"]) == (kept.digest, 4, 1)


def test_a_step_that_nobody_brings_is_named(platform: Platform) -> None:
    steps = PlatformSteps(platform)
    assert steps.has("register_model")
    assert not steps.has("package_model")
    assert steps.code_of("package_model")
    with pytest.raises(TenutoError) as error:
        steps.code_of("no_such_step")
    assert error.value.fault is OWN_STEP_UNKNOWN
