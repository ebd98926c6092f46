from __future__ import annotations

import os
from pathlib import Path

from tenuto.store.embedded.logfile import open_log, rotate, said_since, size_of


def test_the_writer_goes_on_in_the_emptied_file(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    descriptor = open_log(log)
    try:
        for round_ in range(6):
            os.write(descriptor, f"round {round_}\n".encode())
            rotate(log, 4)
        os.write(descriptor, b"end\n")
    finally:
        os.close(descriptor)
    assert log.read_text() == "end\n"
    kept = {path.name: path.read_text() for path in tmp_path.iterdir() if path != log}
    assert kept == {
        "postgres.log.1": "round 5\n",
        "postgres.log.2": "round 4\n",
        "postgres.log.3": "round 3\n",
    }
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_log_within_its_limit_stays(tmp_path: Path) -> None:
    (tmp_path / "postgres.log").write_bytes(b"1234")
    rotate(tmp_path / "postgres.log", 4)
    rotate(tmp_path / "missing", 4)
    assert [path.name for path in tmp_path.iterdir()] == ["postgres.log"]
    assert size_of(tmp_path / "missing") == 0


def test_only_what_was_said_since_is_read_and_not_without_end(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_bytes(b"before\nafter \xff\n")
    assert said_since(log, 7) == "after \ufffd\n"
    log.write_bytes(b"x" * 200_000 + b"end")
    assert len(said_since(log, 0)) == 65536
    assert said_since(log, 0).endswith("end")
