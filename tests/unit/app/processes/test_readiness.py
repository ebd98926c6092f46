"""Ready is said when the server answers, and a server that ends first holds nobody up."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tenuto.app.processes.readiness import until_open


def test_it_waits_until_the_socket_answers(tmp_path: Path) -> None:
    path, tries = tmp_path / "s", 0
    refused_often = asyncio.Event()

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        nonlocal tries
        tries += 1
        if tries > 3:
            refused_often.set()
        return await asyncio.open_unix_connection(path)

    async def server() -> None:
        await refused_often.wait()
        async with await asyncio.start_unix_server(lambda _, writer: writer.close(), path):
            await asyncio.sleep(60)

    async def work() -> None:
        serving = asyncio.ensure_future(server())
        await until_open(connect, serving)
        assert path.exists()
        assert not serving.done()
        serving.cancel()
        await asyncio.wait({serving})

    asyncio.run(work())
    assert tries > 3


def test_a_server_that_ended_is_not_waited_for() -> None:
    async def refused() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        raise ConnectionRefusedError

    async def work() -> None:
        await until_open(refused, asyncio.ensure_future(asyncio.sleep(0)))

    asyncio.run(work())
