"""Settlements that wait on the disk: whole or not at all, whatever a crash or a full disk leaves."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tenuto.app.data_plane.spool import Spool
from tenuto.core.errors import TenutoError

pytestmark = pytest.mark.capability("G8")
LINE = b'{"tokens": 7}'


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool" / "settlements")


def drained(spool: Spool) -> list[bytes]:
    lines: list[bytes] = []

    def deliver(line: bytes) -> None:
        lines.append(line)

    spool.drain(deliver)
    return lines


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size``: a write that crosses it is short, and the next one fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_lines_come_back_once_in_their_order(spool: Spool) -> None:
    for number in range(3):
        spool.add(b"%d" % number)
    assert drained(spool) == [b"0", b"1", b"2"]
    assert drained(spool) == []


def test_a_line_that_the_disk_takes_half_is_refused_and_spoils_nothing(spool: Spool) -> None:
    spool.add(LINE)
    with files_of_at_most(len(LINE) + 5), pytest.raises(OSError, match="File too large"):
        spool.add(b'{"tokens": 8}')
    spool.add(b'{"tokens": 9}')
    assert drained(spool) == [LINE, b'{"tokens": 9}']


@pytest.mark.parametrize("torn", [b'{"tok', b"x" * 200_000])
def test_what_a_crash_left_of_a_line_does_not_spoil_the_next(
    spool: Spool, tmp_path: Path, torn: bytes
) -> None:
    spool.add(LINE)
    with (tmp_path / "spool" / "settlements").open("ab") as file:
        file.write(torn)
    spool.add(LINE)
    assert drained(spool) == [LINE, LINE]


def test_a_delivery_that_fails_keeps_every_line(spool: Spool) -> None:
    def refuse(_line: bytes) -> None:
        raise ConnectionError

    spool.add(LINE)
    with pytest.raises(ConnectionError):
        spool.drain(refuse)
    assert drained(spool) == [LINE]


def test_a_spool_that_is_full_takes_no_further_call(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", largest=len(LINE))
    spool.require_room()
    spool.add(LINE)
    with pytest.raises(TenutoError) as refused:
        spool.require_room()
    assert refused.value.fault.code == "app.ledger_spool_full"
