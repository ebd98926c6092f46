"""What a new table changes, with models that load, fail, wait and end as told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tenuto.core.clock import SystemClock
from tenuto.core.errors import TenutoError
from tenuto.serving.errors import (
    HOST_STALE_TABLE,
    HOST_TABLE,
    MODEL_FILE,
    UNKNOWN_ENDPOINT,
    UNKNOWN_VERSION,
)
from tenuto.serving.host.endpoints import Endpoints
from tenuto.serving.models.loading import Loader
from tenuto.serving.models.native import NativeSettings
from tenuto.serving.protocol.call import InferCall
from tenuto.serving.words import (
    ApplyOutcome,
    Deployment,
    DeploymentTable,
    ModelFormat,
    ModelSpec,
    ModelStatus,
    Signature,
)

CALL = InferCall(inputs={}, rows=1, outputs=())


def _spec(version: str, name: str = "m") -> ModelSpec:
    digest = "sha256:" + version.encode().hex().rjust(64, "0")
    return ModelSpec(name, version, digest, ModelFormat.ONNX, version, Signature((), ()), ())


class Simulated:
    """A model that answers with its version, when it is let."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.ready = True
        self.closed = False
        self.free = asyncio.Event()
        self.free.set()

    async def predict(self, call: InferCall) -> Mapping[str, Any]:
        await self.free.wait()
        assert not self.closed, "asked after it was closed"
        return {"version": self.spec.version}

    def status(self) -> ModelStatus:
        return ModelStatus(self.spec.name, self.spec.version, self.spec.format, self.ready, 0, 0)

    async def close(self) -> None:
        self.closed = True


class SimulatedLoader(Loader):
    """Loads anything but the versions in ``broken``, and remembers every model it made."""

    def __init__(self) -> None:
        super().__init__(NativeSettings(), SystemClock())
        self.broken: set[str] = set()
        self.made: list[Simulated] = []

    async def load(self, spec: ModelSpec) -> Simulated:
        await asyncio.sleep(0)
        if spec.version in self.broken:
            raise TenutoError(MODEL_FILE, spec.path)
        self.made.append(Simulated(spec))
        return self.made[-1]

    def open(self) -> list[str]:
        return sorted(model.spec.version for model in self.made if not model.closed)


class Played:
    def __init__(self) -> None:
        self.loader = SimulatedLoader()
        self.endpoints = Endpoints(self.loader)
        self._revision = 0

    async def apply(self, *deployments: Deployment) -> ApplyOutcome:
        self._revision += 1
        outcome = await self.endpoints.apply(DeploymentTable(self._revision, deployments))
        await asyncio.sleep(0.01)
        return outcome

    async def ask(self, name: str, version: str = "") -> str:
        found = await self.endpoints.find(name, version)[1].predict(CALL)
        return str(found["version"])


def _play(scenario: Any) -> None:
    async def run() -> None:
        played = Played()
        await scenario(played)
        await played.endpoints.close()
        assert played.loader.open() == []

    asyncio.run(run())


def test_the_active_version_answers_and_the_previous_one_by_name() -> None:
    async def scenario(played: Played) -> None:
        outcome = await played.apply(Deployment("e", _spec("2"), _spec("1")))
        assert outcome.complete
        assert (outcome.endpoints[0].serving, outcome.endpoints[0].warm) == ("2", ("1",))
        assert [await played.ask("e"), await played.ask("e", "1")] == ["2", "1"]

    _play(scenario)


def test_what_is_not_there_is_told() -> None:
    async def scenario(played: Played) -> None:
        await played.apply(Deployment("e", _spec("1")))
        with pytest.raises(TenutoError) as caught:
            played.endpoints.find("f")
        assert caught.value.fault is UNKNOWN_ENDPOINT
        with pytest.raises(TenutoError, match="serves 1") as caught:
            played.endpoints.find("e", "2")
        assert caught.value.fault is UNKNOWN_VERSION

    _play(scenario)


def test_going_back_loads_nothing() -> None:
    async def scenario(played: Played) -> None:
        await played.apply(Deployment("e", _spec("1")))
        await played.apply(Deployment("e", _spec("2"), _spec("1")))
        await played.apply(Deployment("e", _spec("1"), _spec("2")))
        assert await played.ask("e") == "1"
        assert len(played.loader.made) == 2

    _play(scenario)


def test_a_request_under_way_ends_on_the_version_it_began_with() -> None:
    async def scenario(played: Played) -> None:
        await played.apply(Deployment("e", _spec("1")))
        old = played.loader.made[0]
        old.free.clear()
        asked = asyncio.create_task(played.ask("e"))
        await asyncio.sleep(0)
        await played.apply(Deployment("e", _spec("2")))
        assert await played.ask("e") == "2"
        assert not old.closed
        old.free.set()
        assert await asked == "1"
        await asyncio.sleep(0.01)
        assert old.closed

    _play(scenario)


def test_a_failed_version_leaves_the_old_one_and_is_let_go() -> None:
    async def scenario(played: Played) -> None:
        await played.apply(Deployment("e", _spec("1")))
        played.loader.broken.add("2")
        outcome = await played.apply(Deployment("e", _spec("2"), _spec("1")), Deployment("f", _spec("3")))
        assert [endpoint.serving for endpoint in outcome.endpoints] == ["1", "3"]
        assert outcome.endpoints[0].errors[0]["context"] == {"model": "m", "version": "2"}
        assert [await played.ask("e"), await played.ask("f")] == ["1", "3"]

    _play(scenario)


def test_a_failed_previous_version_is_told_and_the_new_one_serves() -> None:
    async def scenario(played: Played) -> None:
        played.loader.broken.add("1")
        outcome = await played.apply(Deployment("e", _spec("2"), _spec("1")))
        assert (outcome.endpoints[0].serving, outcome.complete) == ("2", False)

    _play(scenario)


def test_a_server_that_starts_anew_falls_back_on_the_previous_version() -> None:
    async def scenario(played: Played) -> None:
        played.loader.broken.add("2")
        await played.apply(Deployment("e", _spec("2"), _spec("1")))
        assert await played.ask("e") == "1"
        outcome = await played.apply(Deployment("f", _spec("2")))
        assert outcome.endpoints[0].serving is None
        with pytest.raises(TenutoError):
            played.endpoints.find("f")

    _play(scenario)


def test_what_is_no_longer_declared_is_closed_and_what_is_shared_is_not() -> None:
    async def scenario(played: Played) -> None:
        await played.apply(Deployment("e", _spec("1"), _spec("0")), Deployment("f", _spec("1")))
        assert played.loader.open() == ["0", "1"]
        await played.apply(Deployment("f", _spec("1")))
        assert played.loader.open() == ["1"]
        await played.apply()
        assert played.loader.open() == []

    _play(scenario)


def test_versions_that_count_alike_mean_the_active_one_and_both_are_closed() -> None:
    async def scenario(played: Played) -> None:
        await played.apply(Deployment("e", _spec("1", "new"), _spec("1", "old")))
        assert played.endpoints.find("e", "1")[1].model.spec.name == "new"
        await played.apply()

    _play(scenario)


def test_readiness_is_that_of_all_active_models() -> None:
    async def scenario(played: Played) -> None:
        assert played.endpoints.ready
        await played.apply(Deployment("e", _spec("2"), _spec("1")), Deployment("f", _spec("3")))
        by_version = {model.spec.version: model for model in played.loader.made}
        by_version["1"].ready = False
        assert played.endpoints.ready
        by_version["3"].ready = False
        assert not played.endpoints.ready
        assert sorted(status.version for status in played.endpoints.status()) == ["1", "2", "3"]

    _play(scenario)


def test_an_older_or_impossible_table_changes_nothing() -> None:
    async def scenario(played: Played) -> None:
        await played.apply(Deployment("e", _spec("1")))
        for table, fault in (
            (DeploymentTable(0), HOST_STALE_TABLE),
            (DeploymentTable(9, (Deployment("a/b", _spec("1")),)), HOST_TABLE),
            (DeploymentTable(9, (Deployment("", _spec("1")),)), HOST_TABLE),
            (DeploymentTable(9, (Deployment("e", _spec("1")), Deployment("e", _spec("2")))), HOST_TABLE),
        ):
            with pytest.raises(TenutoError) as caught:
                await played.endpoints.apply(table)
            assert caught.value.fault is fault
        assert await played.ask("e") == "1"
        await played.endpoints.apply(DeploymentTable(1, (Deployment("e", _spec("1")),)))

    _play(scenario)


def test_a_table_that_is_given_up_half_way_leaves_nothing_behind() -> None:
    async def scenario(played: Played) -> None:
        await played.apply(Deployment("e", _spec("1")))
        table = DeploymentTable(2, tuple(Deployment(f"e{n}", _spec(str(n))) for n in range(2, 9)))
        applying = asyncio.create_task(played.endpoints.apply(table))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        applying.cancel()
        await asyncio.gather(applying, return_exceptions=True)
        await asyncio.sleep(0.01)
        assert len(played.loader.made) > 1
        assert played.loader.open() == ["1"]
        assert await played.ask("e") == "1"

    _play(scenario)
