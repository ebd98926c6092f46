"""The two upstreams of the demo: processes of the shipped provider simulator, and their own logs."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tenuto.cli.demo.words import DemoFailedError


class Simulator(msgspec.Struct, frozen=True):
    """A running simulator. Its log is the only word on what it received and how many tokens it counted."""

    process: subprocess.Popen[str]
    address: str
    log: Path

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def heard(self) -> list[dict[str, Any]]:
        """Return what it logged, one entry per request."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]


@contextlib.contextmanager
def simulator(log: Path, api_key: str) -> Iterator[Simulator]:
    """Run one simulator that refuses calls without ``api_key``."""
    command = [
        sys.executable,
        "-m",
        "tenuto.testing.provider_simulator",
        "--log",
        str(log),
        "--api-key",
        api_key,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 (our own module)
    try:
        assert process.stdout is not None
        ready, _, address = process.stdout.readline().strip().partition(" ")
        if ready != "ready":
            raise DemoFailedError("the provider simulator did not start")
        yield Simulator(process, address, log)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
