"""Models come, go, die and hang while requests run; nobody else notices."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from support.serving_host import RunningHost, alive, matrix, wait_for
from support.serving_models import cancer, moody, scaled_regression, spec_of
from tenuto.serving.words import Datatype, Deployment, ModelSpec

pytestmark = [pytest.mark.system, pytest.mark.capability("M11")]
ROWS = cancer()[0]


@pytest.fixture(scope="module")
def first(folder: Path) -> ModelSpec:
    return spec_of(scaled_regression(), ROWS, folder, version="1")


@pytest.fixture(scope="module")
def second(folder: Path) -> ModelSpec:
    return spec_of(scaled_regression(C=0.01), ROWS, folder, version="2")


@pytest.fixture(scope="module")
def native(folder: Path) -> ModelSpec:
    return spec_of(scaled_regression(), ROWS, folder, version="n", native=True)


class Traffic:
    """Callers that never stop asking, and the statuses and versions they were answered with."""

    def __init__(self, host: RunningHost, endpoint: str) -> None:
        self._host = host
        self._endpoint = endpoint
        self._stop = threading.Event()
        self.statuses: Counter[int] = Counter()
        self.versions: list[str] = []
        self.threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(4)]

    def _ask(self, number: int) -> None:
        while not self._stop.is_set():
            answer = self._host.infer(self._endpoint, matrix(ROWS[number : number + 1]))
            self.statuses[answer.status] += 1
            self.versions.append(answer.json.get("model_version", ""))

    def stop(self) -> None:
        self._stop.set()
        for thread in self.threads:
            thread.join()


@contextmanager
def traffic(host: RunningHost, endpoint: str) -> Iterator[Traffic]:
    running = Traffic(host, endpoint)
    for thread in running.threads:
        thread.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize("start", ["onnx", "native"])
def test_versions_are_swapped_and_rolled_back_under_load_without_a_failed_request(
    host: RunningHost, first: ModelSpec, second: ModelSpec, native: ModelSpec, start: str
) -> None:
    old = first if start == "onnx" else native
    host.apply(Deployment("swapped", old))
    with traffic(host, "swapped") as running:
        for active, previous in ((second, old), (old, second), (second, None), (old, None)):
            seen = len(running.versions)
            outcome = host.apply(Deployment("swapped", active, previous))
            assert outcome.complete
            wait_for(lambda seen=seen: len(running.versions) > seen + 20)
            assert host.infer("swapped", matrix(ROWS[:1])).json["model_version"] == active.version
    assert running.statuses.keys() == {200}
    assert set(running.versions) == {old.version, second.version}
    wait_for(lambda: len(host.status().models) == 1)


def test_a_version_that_does_not_load_leaves_the_old_one_serving(
    host: RunningHost, first: ModelSpec, second: ModelSpec
) -> None:
    host.apply(Deployment("kept", first))
    other = msgspec.structs.replace(second, digest=first.digest)
    outcome = host.apply(Deployment("kept", other, first))
    (endpoint,) = outcome.endpoints
    assert endpoint.serving == "1"
    assert [error["code"] for error in endpoint.errors] == ["serving.model_digest"]
    assert endpoint.errors[0]["context"]["version"] == "2"
    assert host.infer("kept", matrix(ROWS[:1])).json["model_version"] == "1"


def test_a_killed_model_process_is_replaced_and_nobody_else_notices(
    host: RunningHost, first: ModelSpec, native: ModelSpec
) -> None:
    host.apply(Deployment("steady", first), Deployment("killed", native))
    pid = host.model_pid()
    with traffic(host, "steady") as others:
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: host.get("/v2/models/killed/ready").status == 503)
        assert host.get("/v2/health/ready").status == 503
        refused = host.infer("killed", matrix(ROWS[:1]))
        assert (refused.status, refused.json["retryable"]) == (503, True)
        assert int(refused.headers["retry-after"]) >= 1
        wait_for(lambda: host.get("/v2/models/killed/ready").status == 200)
    assert others.statuses.keys() == {200}
    answer = host.infer("killed", matrix(ROWS[:5]))
    assert answer.json["outputs"][0]["data"] == scaled_regression().predict(ROWS[:5]).tolist()
    assert host.model("n").restarts >= 1
    assert "signal 9" in host.model("n").last_error


def test_a_model_that_kills_itself_takes_only_its_own_request_along(host: RunningHost, folder: Path) -> None:
    host.apply(Deployment("moody", moody(signal.raise_signal, Datatype.INT64, folder)))
    answer = host.infer("moody", _value(int(signal.SIGSEGV), "INT64"))
    assert (answer.status, answer.json["code"]) == (503, "serving.model_crashed")
    wait_for(lambda: host.infer("moody", _value(0, "INT64")).status == 200)


def test_a_hanging_model_is_stopped_at_its_deadline_and_replaced(
    host: RunningHost, first: ModelSpec, folder: Path
) -> None:
    sleeper = moody(time.sleep, Datatype.FP64, folder, deadline_seconds=2.0)
    host.apply(Deployment("sleeper", sleeper), Deployment("steady", first))
    before = host.model_pid()
    with traffic(host, "steady") as others:
        answer = host.infer("sleeper", _value(1000.0, "FP64"))
        assert (answer.status, answer.json["code"]) == (504, "serving.model_deadline")
        wait_for(lambda: not alive(before))
        wait_for(lambda: host.get("/v2/models/sleeper/ready").status == 200)
    assert others.statuses.keys() == {200}
    wait_for(lambda: host.infer("sleeper", _value(0.0, "FP64")).status == 200)
    assert host.model("m").restarts >= 1


def test_the_process_of_a_model_is_confined(host: RunningHost, native: ModelSpec) -> None:
    host.apply(Deployment("confined", native))
    pid = host.model_pid()
    environment = Path(f"/proc/{pid}/environ").read_bytes().decode()
    assert set(environment.rstrip("\0").split("\0")) == {
        "LANG=C.UTF-8",
        "OMP_NUM_THREADS=1",
        "OPENBLAS_NUM_THREADS=1",
        "MKL_NUM_THREADS=1",
    }
    open_files = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    assert sorted(name.split(":")[0] for name in open_files) == ["/dev/null", "/dev/null", "pipe", "socket"]
    assert {"no-new-privileges", "memory-limit", "file-size-limit"} <= set(host.model("n").isolation)


def test_a_server_that_was_killed_starts_again_with_its_last_table(
    host: RunningHost, first: ModelSpec, native: ModelSpec
) -> None:
    host.apply(Deployment("cancer", first, native))
    pid = host.model_pid()
    host.process.kill()
    host.process.wait()
    wait_for(lambda: not alive(pid))
    host.restart()
    answer = host.infer("cancer", matrix(ROWS[:3]))
    assert answer.json["model_version"] == "1"
    assert host.infer("cancer/versions/n", matrix(ROWS[:3])).status == 200


def test_it_ends_on_request_and_leaves_nothing_running(host: RunningHost, native: ModelSpec) -> None:
    host.apply(Deployment("last", native))
    pid = host.model_pid()
    assert host.stop() == 0
    assert not alive(pid)
    assert not (host.folder / "control").exists()
    log = (host.folder / "log").read_text()
    assert "Traceback" not in log, log


def _value(value: float, datatype: str) -> dict[str, Any]:
    return matrix(np.array([[value]], dtype=object), name="value", datatype=datatype)
