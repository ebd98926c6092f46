from __future__ import annotations

import asyncio
import json
import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.serving_host import wait_for
from tenuto.core.errors import TenutoError
from tenuto.serving.errors import HOST_AWAY, HOST_CONTROL, HOST_INTERNAL, HOST_STALE_TABLE
from tenuto.serving.host.control import ControlClient, ControlSocket
from tenuto.serving.words import (
    ApplyOutcome,
    DeploymentTable,
    EndpointOutcome,
    HostStatus,
    PredictionRecord,
)

RECORD = PredictionRecord("i", datetime(2026, 1, 1, tzinfo=UTC), "r", "e", "1", 1, 10, 200)


class Simulated:
    """Takes every table but revision 13, which it refuses, and 14, which breaks it."""

    def __init__(self) -> None:
        self.tables: list[DeploymentTable] = []

    async def apply(self, table: DeploymentTable) -> ApplyOutcome:
        if table.revision == 13:
            raise TenutoError(HOST_STALE_TABLE, "13", newest=20)
        if table.revision == 14:
            raise RuntimeError("broken")
        self.tables.append(table)
        return ApplyOutcome(table.revision, (EndpointOutcome("e", "1"),))

    def status(self) -> HostStatus:
        return HostStatus(len(self.tables), ready=True)

    def predictions(self, after: str, limit: int) -> tuple[str, list[PredictionRecord]]:
        return f"{after}+", [RECORD] * min(limit, 1)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def _with(folder: Path, scenario: Any) -> Any:
    async def run() -> Any:
        host = Simulated()
        source = ControlSocket(str(folder / "control"), str(folder / "table"))
        following = asyncio.create_task(source.follow(host))
        await asyncio.to_thread(wait_for, (folder / "control").exists)
        try:
            return await scenario(ControlClient(str(folder / "control"), 5), host)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            assert not (folder / "control").exists()

    return asyncio.run(run())


async def _say(folder: Path, line: bytes) -> Any:
    reader, writer = await asyncio.open_unix_connection(folder / "control")
    writer.write(line)
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return json.loads(answer)


def test_a_table_is_applied_kept_and_read_back_at_the_next_start(folder: Path) -> None:
    async def scenario(client: ControlClient, host: Simulated) -> None:
        outcome = await client.apply(DeploymentTable(7))
        assert outcome == ApplyOutcome(7, (EndpointOutcome("e", "1"),))
        assert host.tables == [DeploymentTable(7)]

    _with(folder, scenario)
    source = ControlSocket(str(folder / "control"), str(folder / "table"))
    assert asyncio.run(source.first()) == DeploymentTable(7)


def test_only_the_owner_may_open_socket_and_table(folder: Path) -> None:
    async def scenario(client: ControlClient, host: Simulated) -> None:
        await client.apply(DeploymentTable(1))
        for name in ("control", "table"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600

    _with(folder, scenario)


def test_a_refused_table_is_raised_at_the_other_end_and_not_kept(folder: Path) -> None:
    async def scenario(client: ControlClient, host: Simulated) -> None:
        for revision, fault in ((13, HOST_STALE_TABLE), (14, HOST_INTERNAL)):
            with pytest.raises(TenutoError) as caught:
                await client.apply(DeploymentTable(revision))
            assert caught.value.fault is fault
        assert not (folder / "table").exists()
        assert (await client.status()).ready

    _with(folder, scenario)


def test_status_and_predictions_are_told(folder: Path) -> None:
    async def scenario(client: ControlClient, host: Simulated) -> None:
        assert await client.status() == HostStatus(0, ready=True)
        assert await client.predictions("41", 10) == ("41+", [RECORD])

    _with(folder, scenario)


def test_a_message_that_is_none_is_told_and_the_talk_goes_on(folder: Path) -> None:
    async def scenario(client: ControlClient, host: Simulated) -> None:
        for line in (b"{}\n", b"nonsense\n", b'{"op": "stop"}\n', b'{"op": "apply"}\n', b"\xff\n"):
            assert (await _say(folder, line))["error"]["code"] == HOST_CONTROL.code
        assert (await client.status()).ready

    _with(folder, scenario)


def test_a_server_that_is_away_is_told(folder: Path) -> None:
    with pytest.raises(TenutoError) as caught:
        asyncio.run(ControlClient(str(folder / "nobody")).status())
    assert caught.value.fault is HOST_AWAY
    assert caught.value.fault.retryable


def test_a_kept_table_that_cannot_be_read_does_not_stop_the_start(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "table").write_text('{"revision": "x"}')
    assert asyncio.run(ControlSocket(str(folder / "control"), str(folder / "table")).first()) is None
    assert "cannot be read" in caplog.text
    assert asyncio.run(ControlSocket(str(folder / "control")).first()) is None
