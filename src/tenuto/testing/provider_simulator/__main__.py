from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from tenuto.testing.provider_simulator.faults import Trouble
from tenuto.testing.provider_simulator.journal import Journal
from tenuto.testing.provider_simulator.server import Settings, Simulator

_LARGEST_HEAD = 256 * 1024
_TOOLS = (
    "To get a call of a tool, declare it and write its name in the last message, or demand a call: tool_choice "
    '"required" (openai) or {"type": "any"} (anthropic) calls the first tool, a tool named there is called itself.'
)


def main() -> None:
    asked = _parser().parse_args()
    settings = Settings(
        asked.dialect,
        asked.api_key,
        asked.latency_ms / 1000,
        asked.pause_ms / 1000,
        Trouble(asked.fault),
        asked.fault_times,
    )
    asyncio.run(_serve(settings, Journal(asked.log), asked.port))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "provider_simulator", description="A provider of models without a model.", epilog=_TOOLS
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--dialect", choices=("openai", "anthropic", "both"), default="both")
    parser.add_argument("--log", type=Path, help="file that gets one JSON line per request")
    parser.add_argument("--api-key", help="refuse calls without this key")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="before every answer")
    parser.add_argument("--pause-ms", type=float, default=0.0, help="between two pieces of a stream")
    parser.add_argument("--fault", choices=[trouble.value for trouble in Trouble], default="")
    parser.add_argument("--fault-times", type=int, help="only the first calls get the fault")
    return parser


async def _serve(settings: Settings, journal: Journal, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    simulator = Simulator(settings, journal)
    server = await asyncio.start_server(simulator.connection, "127.0.0.1", port, limit=_LARGEST_HEAD)
    bound = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"ready http://127.0.0.1:{bound}\n")
    sys.stdout.flush()
    await stop.wait()
    server.close()
    journal.close()


if __name__ == "__main__":
    main()
