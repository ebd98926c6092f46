from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from tenuto.store.embedded.files import Owner, write_private
from tenuto.store.embedded.layout import Layout
from tenuto.store.embedded.sockets import ensure_socket, known_socket, retire_socket

ME = Owner(os.geteuid(), os.getegid())


@pytest.fixture
def unfit(tmp_path: Path) -> Layout:
    """A home whose path no socket takes."""
    (tmp_path / "my home").mkdir(mode=0o700)
    return Layout(tmp_path / "my home")


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    (tmp_path / "runtime").mkdir()
    return tmp_path / "runtime"


def test_a_folder_of_ones_own_is_used_again(unfit: Layout, runtime: Path) -> None:
    assert known_socket(unfit) is None
    made = ensure_socket(unfit, ME, runtime)
    assert Path(made.folder).parent == runtime
    assert ensure_socket(unfit, ME, runtime) == made == known_socket(unfit)


def test_a_folder_open_to_others_is_not_used(unfit: Layout, runtime: Path) -> None:
    made = ensure_socket(unfit, ME, runtime)
    Path(made.folder).chmod(0o755)
    assert ensure_socket(unfit, ME, runtime) != made


def test_a_link_put_in_its_place_is_not_used(unfit: Layout, runtime: Path, tmp_path: Path) -> None:
    made = ensure_socket(unfit, ME, runtime)
    Path(made.folder).rmdir()
    (tmp_path / "theirs").mkdir(mode=0o700)
    Path(made.folder).symlink_to(tmp_path / "theirs")
    assert ensure_socket(unfit, ME, runtime) != made


def test_a_record_copied_from_another_home_is_not_believed(unfit: Layout, runtime: Path) -> None:
    theirs = {"folder": str(runtime), "home": "/another/home/postgres"}
    write_private(unfit.socket_record, msgspec.json.encode(theirs))
    runtime.chmod(0o700)
    assert known_socket(unfit) is None
    assert ensure_socket(unfit, ME, runtime).folder != str(runtime)


def test_only_an_empty_temporary_folder_is_removed(unfit: Layout, runtime: Path) -> None:
    made = ensure_socket(unfit, ME, runtime)
    made.socket.touch()
    retire_socket(unfit, made)
    assert made.socket.exists()
    made.socket.unlink()
    retire_socket(unfit, made)
    retire_socket(unfit, made)
    assert list(runtime.iterdir()) == []
    assert known_socket(unfit) is None
