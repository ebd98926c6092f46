"""Root starts the server: in a user namespace, else as an unprivileged user; no folder above changes."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.small_disk import on_small_disk
from system.embedded_postgres.recipes import (
    HERE,
    QUICK,
    Child,
    Rows,
    ask,
    data_of,
    embedded,
    interpreter_for_others,
    kill_hard,
    nothing_left,
    open_to_others,
    parents_as_they_are,
)
from tenuto.core.errors import TenutoError
from tenuto.store.embedded.binaries import find_binaries
from tenuto.store.embedded.layout import locate
from tenuto.store.embedded.processes import working_on
from tenuto.store.embedded.server import Server
from tenuto.store.embedded.words import Options, RootRules

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("as_root")]

UID = RootRules().uid
CONTAINER = [sys.executable, str(HERE / "container.py")]


@pytest.fixture
def namespaces() -> None:
    done = subprocess.run(["unshare", "--user", "true"], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("needs user namespaces")


@pytest.fixture
def private(short: Path) -> Iterator[Path]:
    """A folder that nobody but root may enter, beside one that everybody may pass through."""
    short.chmod(0o711)
    (short / "private").mkdir(mode=0o700)
    (short / "open").mkdir()
    (short / "open").chmod(0o711)
    with nothing_left(lambda: outside_of(short / "private" / "home")):
        yield short / "private"


def outside_of(home: Path) -> Path | None:
    return locate(home / "postgres").data if (home / "postgres").is_dir() else None


def dropped(home: Path, verb: str = "start", **options: Any) -> dict[str, Any]:
    """Do it as root in a container by default, where no namespace is to be had."""
    options.setdefault("root_folder", str(home.parent.parent / "open"))
    with Child(home, verb, prefix=CONTAINER, **options) as child:
        said = child.said()
        if verb == "start":
            child.process.wait()
        return said


def as_user(home: Path, **rules: Any) -> Server:
    """Do it in this very process, by choice instead of by refusal."""
    rules = {"folder": home.parent.parent / "open"} | rules
    return embedded(home, root=RootRules(namespace=False, **rules)).start()


def status_of(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}


def test_in_a_namespace_the_data_stay_roots_and_private(namespaces: None, home: Path) -> None:
    with embedded(home).start() as server:
        assert server.pid is not None
        ours, theirs = (Path(f"/proc/{pid}/ns/user").readlink() for pid in ("self", server.pid))
        assert ours != theirs
        assert Path(f"/proc/{server.pid}/uid_map").read_text().split() != ["0", "0", "1"]
        assert status_of(server.pid)["CapEff"] == ["0000000000000000"]
        assert {entry.stat().st_uid for entry in home.rglob("*")} == {0}
        assert open_to_others(home) == []


def test_without_namespaces_it_runs_as_an_unprivileged_user_outside_the_home(private: Path) -> None:
    home = private / "home"
    before = parents_as_they_are(private / ".." / "open") | parents_as_they_are(private)
    said = dropped(home)
    assert said["owned"] is True
    layout = locate(home / "postgres")
    assert layout.cluster.parent == private.parent / "open"
    for pid in working_on(layout.data):
        status = status_of(pid)
        assert status["Uid"] == status["Gid"] == [str(UID)] * 4
        assert status["Groups"] == []
        assert status["CapEff"] == ["0000000000000000"]
    cluster = layout.cluster.stat()
    assert (cluster.st_uid, cluster.st_gid, stat.S_IMODE(cluster.st_mode)) == (0, UID, 0o710)
    data_owners = {entry.lstat().st_uid for entry in layout.data.rglob("*")} | {layout.data.stat().st_uid}
    assert data_owners == {UID}
    assert {entry.lstat().st_uid for entry in home.rglob("*")} == {0}
    assert open_to_others(home) == []
    assert not list(layout.cluster.glob("new-*"))
    after = parents_as_they_are(private / ".." / "open") | parents_as_they_are(private)
    assert after == before
    joined = dropped(home)
    assert (joined["pid"], joined["owned"]) == (said["pid"], False)
    with embedded(home).start(take_over=True) as server:
        assert embedded(home).attach().pid == server.pid == said["pid"]


def test_without_namespaces_a_kill_loses_nothing_either(private: Path) -> None:
    """And what was made without namespaces stays as it is where there are some."""
    home = private / "home"
    first = dropped(home)["pid"]
    with Rows(embedded(home).attach()) as rows:
        kill_hard(first)
        with embedded(home).start() as second:
            assert second.pid not in {None, first}
            assert status_of(second.pid or 0)["Uid"] == [str(UID)] * 4
            assert rows.lost(second) == set()


def test_the_server_user_reads_nothing_of_the_home(private: Path) -> None:
    home = private / "home"
    with as_user(home):
        pass
    found = interpreter_for_others(UID)
    if found is None:
        pytest.skip("needs root and a Python that other users may run")
    trial = [found[0], "-c", f"open({str(home / 'postgres' / 'admin-password')!r})"]
    done = subprocess.run(
        trial, user=UID, group=UID, extra_groups=(), capture_output=True, text=True, check=False
    )
    assert "PermissionError" in done.stderr


def test_by_default_the_data_go_to_the_nearest_place_that_the_user_can_enter(short: Path) -> None:
    """On the disk of the home: in a container nothing else may outlive the container."""
    short.chmod(0o711)
    places = {}
    for name, mode in (("closed", 0o700), ("passable", 0o711)):
        home = short / name
        home.mkdir()
        home.chmod(mode)
        with nothing_left(lambda home=home: outside_of(home)):
            as_user(home, folder=None).stop()
            places[name] = locate(home / "postgres").cluster.parent
    assert places == {"closed": short / "closed.postgres", "passable": short / "passable"}


def test_programs_in_a_private_folder_are_copied_to_where_the_user_can_run_them(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = private / "home"
    site = private / "site"
    installed = find_binaries()
    shutil.copytree(installed.folder, site / installed.folder.relative_to(installed.libraries.parent))
    shutil.copytree(installed.libraries, site / installed.libraries.name)
    (site / installed.folder.parent.name / "__init__.py").touch()
    monkeypatch.syspath_prepend(site)
    for _ in range(2):  # the second start uses the same copy
        with as_user(home) as server:
            program = Path(f"/proc/{server.pid}/exe").readlink()
            assert program.is_relative_to(locate(home / "postgres").cluster)
            assert server.answers()


def test_when_both_are_refused_it_says_what_to_do(private: Path) -> None:
    home = private / "home"
    options = {"root_folder": str(private.parent / "open")}
    with Child(home, "start", prefix=[*CONTAINER, "--no-identity"], **options) as child:
        assert child.said()["fault"] == "store.postgres_root_refused"
    assert list((private.parent / "open").iterdir()) == []
    assert not (home / "postgres" / "outside.json").exists()


def test_a_database_made_in_a_namespace_is_not_opened_without_one(namespaces: None, home: Path) -> None:
    with Child(home, "start", prefix=CONTAINER) as child:
        said = child.said()
    assert said["fault"] == "store.postgres_root_refused"
    assert "namespace" in said["detail"]
    with embedded(home).start() as server:
        assert server.answers()


def test_data_outside_that_are_gone_are_missed_not_made_anew(private: Path) -> None:
    home = private / "home"
    with as_user(home):
        pass
    cluster = locate(home / "postgres").cluster
    cluster.rename(cluster.with_name("unmounted"))
    with pytest.raises(TenutoError) as raised:
        embedded(home).start()
    assert raised.value.fault.code == "store.postgres_data_damaged"
    assert str(cluster) in raised.value.detail
    cluster.with_name("unmounted").rename(cluster)


def test_a_copied_home_does_not_share_data_outside_and_a_moved_one_keeps_them(private: Path) -> None:
    home = private / "home"
    with as_user(home):
        pass
    shutil.copytree(home, private / "copy")
    with pytest.raises(TenutoError) as raised:
        embedded(private / "copy").start()
    assert raised.value.fault.code == "store.postgres_folder_taken"
    shutil.rmtree(private / "copy")
    home.rename(private / "moved")
    with embedded(private / "moved").start() as server:
        assert ask(server, "select 1") == 1
    (private / "moved").rename(home)


def test_the_number_of_the_user_may_be_chosen(private: Path) -> None:
    with as_user(private / "home", uid=64123) as server:
        assert server.pid is not None
        assert status_of(server.pid)["Uid"] == ["64123"] * 4


def test_a_home_of_somebody_else_is_refused(home: Path) -> None:
    os.chown(data_of(home), UID, UID)
    with pytest.raises(TenutoError) as raised:
        embedded(home).start()
    assert raised.value.fault.code == "store.postgres_home_not_ours"
    assert Options(patience=QUICK).root == RootRules()


def test_a_disk_too_small_for_a_new_database_is_named_and_left_clean(short: Path) -> None:
    said = on_small_disk(short, "12m", HERE / "child.py", str(short / "home"), "start")
    assert "store.postgres_no_space" in said


def test_a_disk_that_fills_up_loses_nothing_and_needs_no_hands(short: Path) -> None:
    said = on_small_disk(short, "120m", HERE / "full_disk.py", str(short / "home"))
    filled, outcome, *after = said.split()
    assert filled == "filled"
    assert outcome in {"store.postgres_no_space", "started"}
    assert after == ["freed", "answers", "lost", "0"]
