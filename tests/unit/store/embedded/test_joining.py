"""The waiting of a start, with a clock that is moved and a server that is played."""

from __future__ import annotations

import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tenuto.core.clock import ManualClock
from tenuto.core.errors import TenutoError
from tenuto.store.embedded.answers import Answer, knock
from tenuto.store.embedded.connection import ConnectionInfo
from tenuto.store.embedded.joining import Joining
from tenuto.store.embedded.layout import Layout
from tenuto.store.embedded.locks import HeldLock, try_lock
from tenuto.store.embedded.waiting import Watch
from tenuto.store.embedded.words import Patience, Stage

START = datetime(2026, 1, 1, tzinfo=UTC)


def refusal(sqlstate: bytes) -> bytes:
    fields = b"SFATAL\0VFATAL\0C" + sqlstate + b"\0Mnot now\0\0"
    return b"E" + struct.pack("!i", len(fields) + 4) + fields


STARTING = refusal(b"57P03")
TOO_MANY = refusal(b"53300")
ASKS_FOR_PASSWORD = b"R" + struct.pack("!ii", 23, 10) + b"SCRAM-SHA-256\0\0"


@pytest.fixture
def layout() -> Iterator[Layout]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "data").mkdir(mode=0o700)
        (Path(folder) / "run").mkdir(mode=0o700)
        yield Layout(Path(folder))


@contextmanager
def playing(layout: Layout, answer: Callable[[int], bytes | None]) -> Iterator[None]:
    """A server that answers its n-th visitor with ``answer(n)``, and ends at None."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(ConnectionInfo(str(layout.cluster / "run")).socket))
    listener.listen()

    def serve() -> None:
        visits, words = 0, answer(0)
        with listener:
            while words is not None:
                visits += 1
                line, _ = listener.accept()
                following = answer(visits)
                if following is None:
                    listener.close()  # before the last words: whoever heard them finds nobody
                with line:
                    line.recv(512)
                    line.sendall(words)
                words = following

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def joining(layout: Layout, clock: ManualClock, seen: list[Stage], nap: float = 0.0) -> Joining:
    watch = Watch(clock, lambda seconds: clock.advance(nap or seconds))
    return Joining(layout, "password", Patience(silence=30.0, orphans=5.0), watch, seen.append)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (STARTING, Answer.NOT_YET),
        (TOO_MANY, Answer.OPEN),
        (ASKS_FOR_PASSWORD, Answer.OPEN),
        (b"", Answer.SILENT),
    ],
)
def test_what_a_knock_tells(layout: Layout, words: bytes, answer: Answer) -> None:
    with playing(layout, lambda visit: words if visit == 0 else None):
        assert knock(layout.cluster / "run" / ".s.PGSQL.5432", 5.0) is answer


def test_a_knock_at_nothing(layout: Layout) -> None:
    assert knock(layout.cluster / "run" / ".s.PGSQL.5432", 5.0) is Answer.ABSENT
    (layout.cluster / "run" / ".s.PGSQL.5432").touch()
    assert knock(layout.cluster / "run" / ".s.PGSQL.5432", 5.0) is Answer.ABSENT


def test_recovery_is_awaited_for_hours(layout: Layout) -> None:
    """Then this one dies, and the lock proves it."""
    clock, seen = ManualClock(START), list[Stage]()
    with playing(layout, lambda visit: STARTING if visit < 100 else None):
        found = joining(layout, clock, seen, nap=60.0).living()
    assert isinstance(found, HeldLock)
    found.close()
    assert seen.count(Stage.RECOVERING) == 100
    assert clock.monotonic() >= 100 * 60


def test_a_lock_that_nobody_visible_holds_is_respected_then_reported(layout: Layout) -> None:
    """A server in another container on the same home."""
    clock, seen = ManualClock(START), list[Stage]()
    held = try_lock(layout.server_lock)
    assert held is not None
    with held, pytest.raises(TenutoError) as raised:
        joining(layout, clock, seen).living()
    assert raised.value.fault.code == "store.postgres_old_processes"
    assert "none that can be seen" in raised.value.detail
    assert 30.0 < clock.monotonic() < 31.0
    assert set(seen) == {Stage.ENDING_OLD}


def test_whoever_attaches_does_not_wait_for_what_is_not_there(layout: Layout) -> None:
    clock = ManualClock(START)
    with pytest.raises(TenutoError) as raised:
        joining(layout, clock, []).answering()
    assert raised.value.fault.code == "store.postgres_not_running"
    assert clock.monotonic() == 0.0


def test_whoever_attaches_waits_for_a_recovery(layout: Layout) -> None:
    clock, seen = ManualClock(START), list[Stage]()
    with (
        playing(layout, lambda visit: STARTING if visit < 3 else None),
        pytest.raises(TenutoError) as raised,
    ):
        joining(layout, clock, seen, nap=60.0).answering()
    assert raised.value.fault.code == "store.postgres_not_running"
    assert seen == [Stage.RECOVERING] * 3


def test_a_stranger_on_the_socket_gets_no_password_and_is_not_joined(layout: Layout) -> None:
    """It asks for the password in clear, as a trap would."""
    in_clear = b"R" + struct.pack("!ii", 8, 3)
    with (
        playing(layout, lambda visit: in_clear if visit < 2 else None),
        pytest.raises(TenutoError) as raised,
    ):
        joining(layout, ManualClock(START), []).living()
    assert raised.value.fault.code == "store.postgres_foreign_server"


def test_a_stranger_that_lets_everybody_in_is_not_joined(layout: Layout) -> None:
    welcome = b"R" + struct.pack("!ii", 8, 0) + b"Z" + struct.pack("!i", 5) + b"I"
    with (
        playing(layout, lambda visit: welcome if visit < 2 else None),
        pytest.raises(TenutoError) as raised,
    ):
        joining(layout, ManualClock(START), []).living()
    assert raised.value.fault.code == "store.postgres_foreign_server"
