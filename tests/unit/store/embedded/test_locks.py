from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tenuto.store.embedded.locks import try_lock


def test_one_holds_it_at_a_time(tmp_path: Path) -> None:
    first = try_lock(tmp_path / "lock")
    assert first is not None
    with first:
        assert try_lock(tmp_path / "lock") is None
    first.close()
    second = try_lock(tmp_path / "lock")
    assert second is not None
    second.close()


def test_an_heir_holds_it_until_it_ends(tmp_path: Path) -> None:
    """That is how a server shows that it lives, and every process that it forked."""
    lock = try_lock(tmp_path / "lock")
    assert lock is not None
    heir = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(lock.descriptor,)
    )
    lock.close()
    assert try_lock(tmp_path / "lock") is None
    heir.kill()
    heir.communicate()
    freed = try_lock(tmp_path / "lock")
    assert freed is not None
    freed.close()


def test_the_holder_may_be_read(tmp_path: Path) -> None:
    lock = try_lock(tmp_path / "lock")
    assert lock is not None
    with lock:
        lock.sign()
        lock.sign()
        assert (tmp_path / "lock").read_text().isdigit()
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
