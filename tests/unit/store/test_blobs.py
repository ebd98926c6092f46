from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from support.disks import SimulatedDisk
from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.store.blobs import Blobs, Stored

CONTENT = b"0123456789" * 1_000


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(str(tmp_path / "blobs"), tmp_path / "staging")


def place_of(tmp_path: Path, digest: str) -> Path:
    name = digest.removeprefix("sha256:")
    return tmp_path / "blobs" / "sha256" / name[:2] / name[2:]


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def code_of(caught: pytest.ExceptionInfo[TenutoError]) -> str:
    return caught.value.fault.code


def test_content_is_named_by_its_digest_and_comes_back_whole(blobs: Blobs, tmp_path: Path) -> None:
    stored = blobs.put(iter([CONTENT[:100], CONTENT[100:]]))
    assert stored == Stored(digest_of(CONTENT), len(CONTENT))
    assert blobs.has(stored.digest)
    assert blobs.read(stored.digest) == b"".join(blobs.chunks(stored.digest)) == CONTENT
    assert blobs.fetch(stored.digest, tmp_path / "copy").read_bytes() == CONTENT
    assert files_in(tmp_path / "staging") == []


def test_a_file_is_stored_like_its_bytes(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    assert blobs.put_file(tmp_path / "file") == blobs.put_bytes(CONTENT)
    assert blobs.put_bytes(b"").size == 0


def test_content_that_is_not_there_is_said_to_be_missing(blobs: Blobs, tmp_path: Path) -> None:
    absent = digest_of(b"never stored")
    assert not blobs.has(absent)
    for ask in (
        lambda: blobs.read(absent),
        lambda: list(blobs.chunks(absent)),
        lambda: blobs.fetch(absent, tmp_path / "copy"),
    ):
        with pytest.raises(TenutoError) as caught:
            ask()
        assert code_of(caught) == "store.blob_missing"
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("digest", ["", "sha256:..", "sha256:" + "../" * 21 + "a", "md5:" + "0" * 64])
def test_what_is_no_digest_never_becomes_a_path(blobs: Blobs, digest: str) -> None:
    with pytest.raises(TenutoError) as caught:
        blobs.has(digest)
    assert code_of(caught) == "core.invalid_value"


@pytest.mark.parametrize("damage", [CONTENT[:-1], CONTENT[:-1] + b"x", b""])
def test_damaged_content_is_told_and_no_copy_of_it_is_left(
    blobs: Blobs, tmp_path: Path, damage: bytes
) -> None:
    digest = blobs.put_bytes(CONTENT).digest
    place_of(tmp_path, digest).write_bytes(damage)
    for ask in (
        lambda: blobs.read(digest),
        lambda: list(blobs.chunks(digest)),
        lambda: blobs.fetch(digest, tmp_path / "copy"),
    ):
        with pytest.raises(TenutoError) as caught:
            ask()
        assert code_of(caught) == "store.blob_damaged"
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_as_such_and_leaves_nothing(blobs: Blobs, tmp_path: Path, number: int) -> None:
    def chunks() -> Iterator[bytes]:
        yield CONTENT
        raise OSError(number, os.strerror(number))

    with pytest.raises(TenutoError) as caught:
        blobs.put(chunks())
    assert code_of(caught) == "store.disk_full"
    assert caught.value.fault.retryable
    assert files_in(tmp_path) == []


def test_what_will_not_fit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    disk = SimulatedDisk(free=len(CONTENT) - 1)
    blobs = Blobs(str(tmp_path / "blobs"), tmp_path / "staging", disk)
    (tmp_path / "file").write_bytes(CONTENT)

    def never() -> Iterator[bytes]:
        raise AssertionError("it was read")
        yield b""

    for store in (
        lambda: blobs.put(never(), size=len(CONTENT)),
        lambda: blobs.put_bytes(CONTENT),
        lambda: blobs.put_file(tmp_path / "file"),
    ):
        with pytest.raises(TenutoError) as caught:
            store()
        assert code_of(caught) == "store.disk_full"
        assert caught.value.context["free"] < caught.value.context["needed"]
    assert files_in(tmp_path) == [tmp_path / "file"]
    disk.free += 1
    assert blobs.put_file(tmp_path / "file") == blobs.put_bytes(CONTENT)


def test_a_disk_that_is_full_when_the_blob_takes_its_place(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_from: Path, _to: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(TenutoError) as caught:
        blobs.put_bytes(CONTENT)
    assert code_of(caught) == "store.disk_full"
    assert files_in(tmp_path) == []


def test_other_trouble_with_files_is_not_called_a_full_disk(blobs: Blobs) -> None:
    def chunks() -> Iterator[bytes]:
        yield CONTENT
        raise OSError(errno.EIO, "broken")

    with pytest.raises(OSError, match="broken"):
        blobs.put(chunks())


def test_two_who_store_the_same_at_once_both_succeed(blobs: Blobs, tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def store(_number: int) -> Stored:
        def chunks() -> Iterator[bytes]:
            yield CONTENT[:5_000]
            together.wait(10)
            yield CONTENT[5_000:]

        return blobs.put(chunks())

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(store, range(4)))) == 1
    assert files_in(tmp_path) == [place_of(tmp_path, digest_of(CONTENT))]


def test_stored_content_is_never_written_again(blobs: Blobs, tmp_path: Path) -> None:
    place = place_of(tmp_path, blobs.put_bytes(CONTENT).digest)
    before = place.stat().st_ino
    blobs.put_bytes(CONTENT)
    assert place.stat().st_ino == before


def test_a_process_that_is_killed_leaves_at_most_a_staged_file(blobs: Blobs, tmp_path: Path) -> None:
    program = f"""
        import os, signal
        from pathlib import Path
        from tenuto.store.blobs import Blobs

        def chunks():
            yield b"half of it"
            os.kill(os.getpid(), signal.SIGKILL)
            yield b"the rest"

        Blobs({str(tmp_path / "blobs")!r}, Path({str(tmp_path / "staging")!r})).put(chunks())
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert [path.parent.name for path in files_in(tmp_path)] == ["staging"]
    assert not blobs.has(digest_of(b"half of it"))
    blobs.clear_staging()
    assert files_in(tmp_path) == []
    assert blobs.put_bytes(CONTENT).size == len(CONTENT)


def test_a_full_disk_elsewhere_keeps_no_half_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_files: MemoryFileSystem, _from: str, _to: str) -> None:
        raise OSError(errno.ENOSPC, "no space")

    elsewhere = Blobs("memory://test-full", tmp_path / "staging")
    with monkeypatch.context() as while_full:
        while_full.setattr(MemoryFileSystem, "mv", full)
        with pytest.raises(TenutoError) as caught:
            elsewhere.put_bytes(CONTENT)
    assert code_of(caught) == "store.disk_full"
    assert MemoryFileSystem().find("/test-full") == []
    assert files_in(tmp_path) == []
    assert elsewhere.put_bytes(CONTENT).size == len(CONTENT)


def test_content_may_lie_elsewhere_than_on_this_disk(tmp_path: Path) -> None:
    elsewhere = Blobs("memory://test-blobs", tmp_path / "staging")
    stored = elsewhere.put_bytes(CONTENT)
    assert elsewhere.read(stored.digest) == CONTENT
    assert elsewhere.put_bytes(CONTENT) == stored
    assert files_in(tmp_path) == []
    with pytest.raises(TenutoError) as caught:
        elsewhere.read(digest_of(b"never stored"))
    assert code_of(caught) == "store.blob_missing"
