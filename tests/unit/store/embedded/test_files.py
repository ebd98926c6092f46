from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.files import (
    Owner,
    give_all,
    make_home,
    make_private,
    read_private,
    require_fit,
    told_as_faults,
    write_private,
)


def code_of(raised: pytest.ExceptionInfo[TenutoError]) -> str:
    return raised.value.fault.code.removeprefix("store.postgres_")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "no_space"),
        (errno.EDQUOT, "no_space"),
        (errno.EACCES, "home_not_ours"),
        (errno.EROFS, "home_not_ours"),
        (errno.ENOLCK, "home_unsuitable"),
    ],
)
def test_trouble_of_the_file_system_is_told_with_the_path(number: int, code: str) -> None:
    with pytest.raises(TenutoError) as raised, told_as_faults():
        raise OSError(number, os.strerror(number), "/the/file")
    assert code_of(raised) == code
    assert "/the/file" in raised.value.detail


def test_other_trouble_is_not_renamed() -> None:
    with pytest.raises(InterruptedError), told_as_faults():
        raise InterruptedError(errno.EINTR, "interrupted")


def test_what_is_private_is_written_for_the_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private(tmp_path / "folder")
        write_private(tmp_path / "folder" / "file", b"one")
        write_private(tmp_path / "folder" / "file", b"two")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "folder" / "file").stat().st_mode) == 0o600
    assert read_private(tmp_path / "folder" / "file") == b"two"
    assert [entry.name for entry in (tmp_path / "folder").iterdir()] == ["file"]


def test_a_write_that_fails_leaves_the_old_content_and_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    with pytest.raises(IsADirectoryError):
        write_private(tmp_path / "place", b"content")
    assert [entry.name for entry in tmp_path.iterdir()] == ["place"]


def test_what_others_may_read_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    for mode in (0o640, 0o604, 0o620):
        (tmp_path / "secret").chmod(mode)
        with pytest.raises(TenutoError) as raised:
            read_private(tmp_path / "secret")
        assert code_of(raised) == "unsafe_permissions"


def test_a_link_is_not_a_private_file(tmp_path: Path) -> None:
    write_private(tmp_path / "real", b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(TenutoError):
        read_private(tmp_path / "link")


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert read_private(tmp_path / "missing") is None


def test_the_home_is_made_alone(tmp_path: Path) -> None:
    make_home(tmp_path / "home")
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    with pytest.raises(TenutoError) as raised:
        make_home(tmp_path / "missing" / "home")
    assert code_of(raised) == "home_missing"


def test_a_fit_home_is_made_absolute_and_free_of_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert require_fit(tmp_path / "link" / "home") == (tmp_path / "real" / "home").resolve()


@pytest.mark.parametrize("name", ["tab\there", "\udc80", "é" * 500])
def test_an_unfit_home_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TenutoError) as raised:
        require_fit(tmp_path / name)
    assert code_of(raised) == "home_unsuitable"


def test_giving_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "outside").touch()
    (tmp_path / "given" / "deep").mkdir(parents=True)
    (tmp_path / "given" / "deep" / "link").symlink_to(tmp_path / "missing")
    give_all(tmp_path / "given", Owner(os.geteuid(), os.getegid()))
    assert (tmp_path / "outside").stat().st_uid == os.geteuid()
