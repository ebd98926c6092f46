from __future__ import annotations

import io
import os
import socket
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.pipelines.archive import Bounds, entries_of, pack, remove_folder, unpack
from tenuto.pipelines.errors import ARCHIVE_NOT_POSSIBLE, FOLDER_NOT_POSSIBLE, FOLDER_TOO_LARGE

BOUNDS = Bounds(entries=100, size=10_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "b" / "deep").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "é.txt").write_text("é")
    (root / "b" / "run.sh").write_text("#!/bin/sh\n")
    (root / "b" / "run.sh").chmod(0o755)
    (root / "b" / "deep" / "x").write_bytes(b"\0" * 3000)
    return root


def packed(root: Path, target: Path) -> Path:
    with target.open("wb") as sink:
        pack(entries_of(root, BOUNDS), sink)
    return target


def test_a_folder_comes_back_as_it_was(folder: Path, tmp_path: Path) -> None:
    back = unpack(packed(folder, tmp_path / "a.tar"), tmp_path / "back", BOUNDS)
    names = [entry.name for entry in entries_of(back, BOUNDS)]
    assert names == ["b", "b/deep", "b/deep/x", "b/run.sh", "empty", "é.txt"]
    assert (back / "é.txt").read_text() == "é"
    assert os.access(back / "b" / "run.sh", os.X_OK)
    assert not (back / "é.txt").stat().st_mode & 0o111


def test_the_same_folder_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    first = packed(folder, tmp_path / "a.tar").read_bytes()
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
    (folder / "é.txt").chmod(0o600)
    moved = folder.rename(tmp_path / "elsewhere")
    assert digest_of(packed(moved, tmp_path / "b.tar").read_bytes()) == digest_of(first)
    (moved / "é.txt").write_text("e")
    assert packed(moved, tmp_path / "c.tar").read_bytes() != first


def test_a_link_inside_is_packed_as_its_file(folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to("b/deep/x")
    back = unpack(packed(folder, tmp_path / "a.tar"), tmp_path / "back", BOUNDS)
    assert not (back / "link").is_symlink()
    assert (back / "link").read_bytes() == b"\0" * 3000


@pytest.mark.parametrize(
    ("target", "detail"),
    [
        ("/etc/hostname", "links out"),
        ("../../outside", "links out"),
        ("b", "no plain file"),
        ("nowhere", "no plain file"),
    ],
)
def test_other_links_are_refused(folder: Path, target: str, detail: str) -> None:
    (folder / "link").symlink_to(target)
    with pytest.raises(TenutoError, match=detail) as raised:
        entries_of(folder, BOUNDS)
    assert raised.value.fault is FOLDER_NOT_POSSIBLE
    assert "link" in raised.value.detail


def test_what_is_neither_file_nor_folder_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(TenutoError, match="pipe is no plain file"):
        entries_of(folder, BOUNDS)
    (folder / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(folder / "socket"))
        with pytest.raises(TenutoError, match="socket is no plain file"):
            entries_of(folder, BOUNDS)


def test_a_name_that_is_not_unicode_is_refused(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff"))).write_text("")
    with pytest.raises(TenutoError, match="not valid Unicode"):
        entries_of(folder, BOUNDS)


@pytest.mark.parametrize("bounds", [Bounds(entries=3, size=10_000), Bounds(entries=100, size=100)])
def test_a_folder_has_bounds_both_ways(folder: Path, tmp_path: Path, bounds: Bounds) -> None:
    archive = packed(folder, tmp_path / "a.tar")
    for refused in (lambda: entries_of(folder, bounds), lambda: unpack(archive, tmp_path / "back", bounds)):
        with pytest.raises(TenutoError) as raised:
            refused()
        assert raised.value.fault is FOLDER_TOO_LARGE
    assert not (tmp_path / "back").exists()


def forged(target: Path, **member: Any) -> Path:
    with tarfile.open(target, "w") as archive:
        forgery = tarfile.TarInfo(member.pop("name", "x"))
        for field, value in member.items():
            setattr(forgery, field, value)
        archive.addfile(tarfile.TarInfo("good"))
        archive.addfile(forgery, io.BytesIO(b"x" * forgery.size))
    return target


@pytest.mark.parametrize(
    "member",
    [
        {"name": "../out"},
        {"name": "/out"},
        {"name": "a/../../out"},
        {"type": tarfile.SYMTYPE, "linkname": "/etc"},
        {"type": tarfile.LNKTYPE, "linkname": "good"},
        {"type": tarfile.FIFOTYPE},
        {"type": tarfile.CHRTYPE},
        {"name": "good"},
    ],
)
def test_a_forged_archive_is_refused_and_leaves_nothing(tmp_path: Path, member: dict[str, Any]) -> None:
    archive = forged(tmp_path / "forged.tar", **member)
    with pytest.raises(TenutoError) as raised:
        unpack(archive, tmp_path / "back", BOUNDS)
    assert raised.value.fault is ARCHIVE_NOT_POSSIBLE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["forged.tar"]


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"not a tar" * 100)
    with pytest.raises(TenutoError) as raised:
        unpack(tmp_path / "a.tar", tmp_path / "back", BOUNDS)
    assert raised.value.fault is ARCHIVE_NOT_POSSIBLE


def test_an_archive_cut_short_is_refused(folder: Path, tmp_path: Path) -> None:
    archive = packed(folder, tmp_path / "a.tar")
    archive.write_bytes(archive.read_bytes()[:2500])
    with pytest.raises(TenutoError) as raised:
        unpack(archive, tmp_path / "back", BOUNDS)
    assert raised.value.fault is ARCHIVE_NOT_POSSIBLE


def test_read_only_folders_cannot_be_written_and_can_be_removed(folder: Path, tmp_path: Path) -> None:
    back = unpack(packed(folder, tmp_path / "a.tar"), tmp_path / "back", BOUNDS, read_only=True)
    assert all(not path.stat().st_mode & 0o222 for path in [back, *back.rglob("*")])
    remove_folder(back)
    assert not back.exists()
    remove_folder(back)
