"""How a prediction server is started, where it listens, and what it says when it cannot."""

from __future__ import annotations

import http.client
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from support.serving_host import RunningHost, wait_for

pytestmark = pytest.mark.system
COMMAND = [sys.executable, "-m", "tenuto.serving.host"]


def _status(door: Path) -> int:
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(10)
    try:
        connection.sock.connect(str(door))
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def test_it_listens_on_a_socket_of_its_owner_also_after_a_kill(folder: Path) -> None:
    door, control = folder / "door", folder / "control"
    for _ in range(2):
        with subprocess.Popen([*COMMAND, "--uds", str(door), "--control", str(control)]) as process:
            wait_for(lambda: door.exists() and _status(door) == 200)
            assert stat.S_IMODE(door.stat().st_mode) == 0o600
            process.kill()
        assert door.exists()


@pytest.mark.parametrize("address", ["0.0.0.0:18999", "192.0.2.1:18999", "localhost", "127.0.0.1:70000"])
def test_it_does_not_listen_beyond_loopback(folder: Path, address: str) -> None:
    command = [*COMMAND, "--address", address, "--control", str(folder / "control")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "Use a unix socket" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_address_is_told(host: RunningHost, folder: Path) -> None:
    command = [*COMMAND, "--address", host.address, "--control", str(folder / "other")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "ddress already in use" in done.stderr
    assert "Traceback" not in done.stderr
    assert host.get("/v2/health/live").status == 200


def test_a_server_without_models_has_not_loaded_their_libraries(host: RunningHost) -> None:
    maps = Path(f"/proc/{host.process.pid}/maps").read_text()
    assert "numpy" not in maps
    assert "onnxruntime" not in maps
