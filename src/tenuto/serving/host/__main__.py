"""Run a prediction server: ``python -m tenuto.serving.host --uds FILE --control FILE [--table FILE]``."""

from __future__ import annotations

import argparse
import logging
import signal
import sys

import uvloop

from tenuto.core.errors import TenutoError
from tenuto.serving.host.control import ControlSocket
from tenuto.serving.host.server import run_until_signalled, serve
from tenuto.serving.host.settings import HostSettings


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = HostSettings(uds=given.uds, address=given.address)
    source = ControlSocket(given.control, given.table)
    try:
        uvloop.run(run_until_signalled(serve(settings, source), (signal.SIGTERM, signal.SIGINT)))
    except TenutoError as error:
        sys.stderr.write(f"{error}\n{error.fault.fix}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tenuto.serving.host",
        description="Answers predictions over the Open Inference Protocol v2.",
    )
    door = parser.add_mutually_exclusive_group(required=True)
    door.add_argument("--uds", help="socket file to listen on")
    door.add_argument("--address", help="loopback address to listen on, as 127.0.0.1:8001")
    parser.add_argument("--control", required=True, help="socket file that takes deployment tables")
    parser.add_argument("--table", help="file that keeps the last table across restarts")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
