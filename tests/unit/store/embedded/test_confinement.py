from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.confinement import may_enter, ordinary, require_running
from tenuto.store.embedded.files import Owner

STRANGER = Owner(64999, 64999)


def test_who_may_enter_is_read_from_every_folder_on_the_way(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    for place in (below, *below.parents):
        if place.is_relative_to(tmp_path):
            place.chmod(0o711)
    everywhere = all(place.stat().st_mode & 0o001 for place in tmp_path.parents)
    assert may_enter(below, STRANGER) is everywhere
    (tmp_path / "a").chmod(0o770)
    assert not may_enter(below, STRANGER)


def test_the_right_of_the_owner_counts_for_the_owner_alone(tmp_path: Path) -> None:
    me = Owner(os.geteuid(), os.getegid())
    (tmp_path / "closed").mkdir(mode=0o077)
    (tmp_path / "closed").chmod(0o077)
    assert not may_enter(tmp_path / "closed", me)


def test_a_program_runs_without_the_callers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    monkeypatch.setenv("PGDATA", "/canary")
    code, said = ordinary().outcome(
        [sys.executable, "-c", "import os; print(sorted(os.environ), os.getsid(0) == os.getpid())"],
        limit=30.0,
    )
    assert code == 0
    assert "OPENAI_API_KEY" not in said
    assert "PGDATA" not in said
    assert said.endswith("True")


def test_a_program_that_does_not_end_is_ended() -> None:
    code, _ = ordinary().outcome([sys.executable, "-c", "import time; time.sleep(600)"], limit=0.2)
    assert code == -signal.SIGKILL


def test_a_program_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF nonsense")
    (tmp_path / "program").chmod(0o755)
    with pytest.raises(TenutoError) as raised:
        require_running(ordinary(), tmp_path / "program")
    assert raised.value.fault.code == "store.postgres_binaries_unusable"
    assert "program" in raised.value.detail
