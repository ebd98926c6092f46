"""The file with a person's keys: private, whole, and quiet about what is in it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tenuto.cli.errors import LOGINS_BROKEN
from tenuto.cli.logins import Login, Logins
from tenuto.core.errors import TenutoError

ANN = Login("tnt_cli_secret", "ann@example.com", datetime(2026, 1, 2, tzinfo=UTC))
HERE, THERE = "http://127.0.0.1:8484", "https://tenuto.example.com"


@pytest.fixture
def logins(tmp_path: Path) -> Logins:
    return Logins(tmp_path / "config" / "tenuto")


def _file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "tenuto" / "logins.json"


def _refused(logins: Logins) -> TenutoError:
    with pytest.raises(TenutoError) as refused:
        logins.of(HERE)
    return refused.value


def test_nobody_has_signed_in_at_first(logins: Logins) -> None:
    assert logins.of(HERE) is None
    assert logins.last_address() == ""


@pytest.mark.capability("C8")
def test_a_key_is_kept_for_its_address_and_for_nobody_else(logins: Logins, tmp_path: Path) -> None:
    logins.keep(HERE, ANN)
    assert logins.of(HERE) == ANN
    assert logins.of(THERE) is None
    assert _file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert _file(tmp_path).parent.stat().st_mode & 0o777 == 0o700
    assert "secret" not in repr(ANN)


def test_the_last_address_is_remembered_until_it_is_left(logins: Logins) -> None:
    logins.keep(HERE, ANN)
    logins.keep(THERE, ANN)
    assert logins.last_address() == THERE
    logins.forget(THERE)
    assert logins.last_address() == ""
    assert logins.of(HERE) == ANN


def test_writing_leaves_nothing_but_the_file(logins: Logins, tmp_path: Path) -> None:
    for _ in range(3):
        logins.keep(HERE, ANN)
    assert [path.name for path in _file(tmp_path).parent.iterdir()] == ["logins.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_touch_is_refused(logins: Logins, tmp_path: Path, mode: int) -> None:
    logins.keep(HERE, ANN)
    _file(tmp_path).chmod(mode)
    error = _refused(logins)
    assert error.fault is LOGINS_BROKEN
    assert "others may read it" in error.detail


def test_a_link_in_place_of_the_file_is_refused(logins: Logins, tmp_path: Path) -> None:
    logins.keep(HERE, ANN)
    moved = tmp_path / "elsewhere.json"
    _file(tmp_path).rename(moved)
    _file(tmp_path).symlink_to(moved)
    assert _refused(logins).fault is LOGINS_BROKEN


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"logins": {"x": {"key": 1}}}'])
def test_a_broken_file_is_told_without_what_is_in_it(logins: Logins, tmp_path: Path, content: bytes) -> None:
    logins.keep(HERE, ANN)
    _file(tmp_path).write_bytes(content)
    assert _refused(logins).fault is LOGINS_BROKEN


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file")
    with pytest.raises(TenutoError) as refused:
        Logins(tmp_path / "config" / "tenuto").keep(HERE, ANN)
    assert refused.value.fault is LOGINS_BROKEN
