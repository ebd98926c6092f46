from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tenuto.app.errors import RUNTIME_FOLDER_UNSAFE
from tenuto.app.sockets import control_socket, remove_sockets, serving_control, socket_folder
from tenuto.core.errors import TenutoError

KERNEL = 107  # bytes that the kernel takes for a socket's path
LONG = "x" * 90


def test_a_short_home_keeps_its_sockets() -> None:
    with tempfile.TemporaryDirectory() as home:
        assert control_socket(Path(home)) == Path(home) / "run" / "control.sock"


@pytest.mark.parametrize("temporary", ["short", LONG])
def test_every_path_is_short_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporary: str) -> None:
    place = tmp_path / temporary
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    home = tmp_path / LONG
    folder = socket_folder(home)
    try:
        assert len(os.fsencode(serving_control(home))) <= KERNEL
        assert folder.stat().st_mode & 0o777 == 0o700
        assert socket_folder(tmp_path / "another" / LONG) != folder
    finally:
        remove_sockets(tmp_path / "another" / LONG)
        remove_sockets(home)
    assert not folder.exists()


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    home = tmp_path / LONG
    folder = socket_folder(home)
    folder.chmod(0o755)
    try:
        with pytest.raises(TenutoError) as raised:
            socket_folder(home)
        assert raised.value.fault is RUNTIME_FOLDER_UNSAFE
    finally:
        folder.rmdir()
