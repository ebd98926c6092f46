"""Start one process of the platform: ``python -m tenuto.app.process NAME --home FOLDER --ready-fd N``.

For the supervisor of ``tenuto up``; people start the platform with ``tenuto up``.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from pathlib import Path

from tenuto.app.settings import read_settings
from tenuto.core.errors import TenutoError

NAMES = ("control", "gateway", "worker", "serving")


def main(arguments: list[str]) -> int:
    given = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )

    def ready() -> None:
        if given.ready_fd is not None:
            os.write(given.ready_fd, b"ready\n")
            os.close(given.ready_fd)

    # Each process imports only what it runs: an idle platform must stay small.
    module = importlib.import_module(f"tenuto.app.processes.{given.name}")
    try:
        settings = read_settings(home=given.home)
        module.run(settings, ready)
    except TenutoError as error:
        logging.getLogger("tenuto").error("%s: %s\n%s", error.fault.code, error, error.fault.fix)  # noqa: TRY400 (a fault says all there is)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tenuto.app.process", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--ready-fd", type=int)
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
