"""A real prediction server in a process of its own, and ways to speak to it."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tenuto.serving.host.control import ControlClient
from tenuto.serving.words import (
    ApplyOutcome,
    Deployment,
    DeploymentTable,
    HostStatus,
    ModelStatus,
    PredictionRecord,
)


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RunningHost:
    """A server on a loopback port, with its control socket and table file in ``folder``."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = _free_port()
        self._options = options
        self._revision = 0
        self.process = self._start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _start(self) -> subprocess.Popen[bytes]:
        command = [
            *(sys.executable, "-m", "tenuto.serving.host", "--address", self.address),
            *("--control", str(self.folder / "control"), "--table", str(self.folder / "table.json")),
            *self._options,
        ]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, stderr=log)

    def restart(self) -> None:
        self.process = self._start()
        self.wait_ready()

    def wait_ready(self) -> None:
        wait_for(lambda: self.process.poll() is not None or self._answers())
        assert self.process.poll() is None, (self.folder / "log").read_text()

    def _answers(self) -> bool:
        try:
            return self.get("/v2/health/ready").status == 200
        except OSError:
            return False

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def infer(self, endpoint: str, message: Any, **headers: str) -> Answer:
        return self.send("POST", f"/v2/models/{endpoint}/infer", json.dumps(message).encode(), headers)

    def apply(self, *deployments: Deployment) -> ApplyOutcome:
        self._revision += 1
        return asyncio.run(self._control().apply(DeploymentTable(self._revision, deployments)))

    def status(self) -> HostStatus:
        return asyncio.run(self._control().status())

    def model(self, version: str) -> ModelStatus:
        return next(model for model in self.status().models if model.version == version)

    def predictions(self, after: str = "") -> tuple[str, list[PredictionRecord]]:
        return asyncio.run(self._control().predictions(after))

    def _control(self) -> ControlClient:
        return ControlClient(str(self.folder / "control"))

    def model_pid(self) -> int:
        """The one model process there is, once those of retired models are gone."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        wait_for(lambda: len(children.read_text().split()) == 1)
        return int(children.read_text())

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def matrix(rows: Any, name: str = "input", datatype: str = "FP64") -> dict[str, Any]:
    """An infer request with one matrix of plain JSON numbers."""
    return {
        "inputs": [
            {"name": name, "shape": list(rows.shape), "datatype": datatype, "data": rows.ravel().tolist()}
        ]
    }


def wait_for(happened: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"it did not happen within {seconds:g} s"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """A zombie is not alive: in a container nobody may be there to bury it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
