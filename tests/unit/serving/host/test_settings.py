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


@pytest.mark.parametrize(
    ("text", "found"),
    [("127.0.0.1:8001", ("127.0.0.1", 8001)), ("[::1]:80", ("::1", 80)), ("127.9.9.9:1", ("127.9.9.9", 1))],
)
def test_loopback_is_taken(text: str, found: tuple[str, int]) -> None:
    assert loopback(text) == found


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0:8001", "192.0.2.1:80", "[::]:80", "localhost:80", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(TenutoError) as caught:
        loopback(text)
    assert caught.value.fault is HOST_ADDRESS
