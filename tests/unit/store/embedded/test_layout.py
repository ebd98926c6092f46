from __future__ import annotations

from pathlib import Path

import pytest

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.connection import ConnectionInfo
from tenuto.store.embedded.credentials import Credentials, ensure_credentials, read_credentials
from tenuto.store.embedded.layout import Layout, Outside, locate, record_outside


@pytest.fixture
def private(tmp_path: Path) -> Path:
    (tmp_path / "home" / "postgres").mkdir(parents=True, mode=0o700)
    return tmp_path / "home" / "postgres"


@pytest.fixture
def outside(private: Path, tmp_path: Path) -> Layout:
    (tmp_path / "elsewhere").mkdir()
    layout = Layout(private, Outside(str(tmp_path / "elsewhere"), 65526, 65526))
    record_outside(layout)
    return layout


def test_data_lie_in_the_home_unless_it_is_recorded_otherwise(private: Path) -> None:
    assert locate(private).data == private / "data"


def test_data_outside_are_found(private: Path, outside: Layout, tmp_path: Path) -> None:
    assert locate(private) == outside
    assert outside.data == tmp_path / "elsewhere" / "data"
    assert outside.log == private / "postgres.log"


def test_a_moved_home_keeps_its_data_and_is_remembered(
    private: Path, outside: Layout, tmp_path: Path
) -> None:
    private.parent.rename(tmp_path / "moved")
    moved = tmp_path / "moved" / "postgres"
    assert locate(moved).data == outside.data
    private.mkdir(parents=True, mode=0o700)
    assert locate(moved).data == outside.data


def test_a_copied_home_is_told_from_a_moved_one(private: Path, outside: Layout, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir(mode=0o700)
    (copy / "outside.json").write_bytes((private / "outside.json").read_bytes())
    (copy / "outside.json").chmod(0o600)
    with pytest.raises(TenutoError) as raised:
        locate(copy)
    assert raised.value.fault.code == "store.postgres_folder_taken"


def test_data_that_are_gone_are_missed(private: Path, outside: Layout) -> None:
    outside.cluster.rename(outside.cluster.with_name("unmounted"))
    with pytest.raises(TenutoError) as raised:
        locate(private)
    assert raised.value.fault.code == "store.postgres_data_damaged"


def test_passwords_are_made_once(private: Path) -> None:
    numbers = iter(range(100))
    made = ensure_credentials(Layout(private), lambda: f"password {next(numbers)}")
    assert len({made.admin, *made.roles.values()}) == 4
    assert ensure_credentials(Layout(private), lambda: "another") == made == read_credentials(Layout(private))


def test_the_administrators_password_is_not_made_anew_for_a_database_that_has_one(private: Path) -> None:
    (private / "data").mkdir()
    with pytest.raises(TenutoError) as raised:
        ensure_credentials(Layout(private), lambda: "another")
    assert raised.value.fault.code == "store.postgres_password_lost"


def test_passwords_are_not_shown() -> None:
    assert "secret" not in repr(Credentials("secret", {"tenuto_app": "secret"}))
    url = ConnectionInfo("/run/x").url("tenuto_app", "secret", "tenuto")
    assert "secret" not in repr(url)


def test_a_url_carries_what_no_environment_may_change() -> None:
    url = ConnectionInfo("/run/x").url("tenuto_app", "p@ss/w%rd", "tenuto")
    assert url.password == "p@ss/w%rd"
    assert url.query["host"] == "/run/x"
    assert url.query["require_auth"] == "scram-sha-256"
    assert url.drivername == "postgresql+psycopg"
