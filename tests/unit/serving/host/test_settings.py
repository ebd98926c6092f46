from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import HOST_ADDRESS
from tenuto.serving.host.settings import loopback, socket_path


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def test_a_socket_left_by_a_killed_server_is_removed(folder: Path) -> None:
    path = folder / "door"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert socket_path(str(path)) == path
    assert not path.exists()


def test_a_socket_somebody_listens_on_is_left_alone(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as used:
        used.bind(str(folder / "door"))
        used.listen()
        with pytest.raises(TenutoError, match="listens on"):
            socket_path(str(folder / "door"))
    assert (folder / "door").exists()


def test_anything_else_in_that_place_is_left_alone(folder: Path) -> None:
    (folder / "door").write_text("mine")
    with pytest.raises(TenutoError, match="is no socket"):
        socket_path(str(folder / "door"))
    assert (folder / "door").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "said"), [("x" * 101, "longer than 100 bytes"), ("none/door", "is no folder")]
)
def test_a_place_that_cannot_be_is_told(folder: Path, name: str, said: str) -> None:
    with pytest.raises(TenutoError, match=said) as caught:
        socket_path(str(folder / name))
    assert caught.value.fault is HOST_ADDRESS


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9"])
def test_loopback_is_taken_when_it_is_free(host: str) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind((host, 0))
        port = other.getsockname()[1]
        other.listen()
        with pytest.raises(TenutoError, match="already in use"):
            loopback(f"{host}:{port}")
    assert loopback(f"{host}:{port}") == (host, port)


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0:8001", "192.0.2.1:80", "[::]:80", "localhost:80", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(TenutoError) as caught:
        loopback(text)
    assert caught.value.fault is HOST_ADDRESS
