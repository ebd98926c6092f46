"""The gallery behind the server that the product uses, in a process of its own."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.browser import axe_source, browser

TESTS = Path(__file__).resolve().parents[2]
__all__ = ["axe_source", "browser"]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The loopback port where the gallery listens."""
    folder = tmp_path_factory.mktemp("served")
    number = _free_port()
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--no-ws"]
    command += ["--port", str(number), "--factory", "fixtures.gallery.site:serve"]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "GALLERY_FOLDER": str(folder)}
    log = folder / "log"
    with log.open("wb") as sink:
        server = subprocess.Popen(command, env=environment, stdout=sink, stderr=subprocess.STDOUT)
        try:
            _wait_until_it_answers(number, server, log)
            yield number
        finally:
            server.terminate()
            server.wait(30)


@pytest.fixture(scope="module")
def base(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    while server.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/sign-in")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    pytest.fail(f"the gallery did not start: {log.read_text()}")
