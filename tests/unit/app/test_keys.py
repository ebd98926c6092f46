from __future__ import annotations

from pathlib import Path

import pytest

from tenuto.app.errors import KEYS_MISSING
from tenuto.app.keys import ensure_keys
from tenuto.core.errors import TenutoError

pytestmark = pytest.mark.capability("C8")
NAMES = ["secrets.json", "pepper", "audit", "models", "name"]


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    made = ensure_keys(tmp_path / "keys")
    again = ensure_keys(tmp_path / "keys", founded=True)
    assert (again.pepper, str(again.audit.verifier)) == (made.pepper, str(made.audit.verifier))
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("name", NAMES)
def test_a_key_that_was_lost_is_told_and_not_made_anew(tmp_path: Path, name: str) -> None:
    ensure_keys(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(TenutoError) as raised:
        ensure_keys(tmp_path)
    assert raised.value.fault is KEYS_MISSING
    assert raised.value.detail == str(tmp_path / name)
    assert not (tmp_path / name).exists()


def test_an_installation_that_was_used_makes_no_keys(tmp_path: Path) -> None:
    with pytest.raises(TenutoError) as raised:
        ensure_keys(tmp_path / "keys", founded=True)
    assert raised.value.fault is KEYS_MISSING


@pytest.mark.parametrize("name", NAMES)
def test_a_first_start_that_was_cut_short_is_completed(tmp_path: Path, name: str) -> None:
    ensure_keys(tmp_path)
    (tmp_path / "complete").unlink()
    (tmp_path / name).unlink()
    ensure_keys(tmp_path)
    assert (tmp_path / name).exists()
