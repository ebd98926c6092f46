"""Start one process of the platform: ``python -m tenuto.app.process NAME --home FOLDER --ready-fd N``.

For the supervisor of ``tenuto up``; people start the platform with ``tenuto up``.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import logging
import os
import sys
from functools import partial
from pathlib import Path

from tenuto.app.settings import read_settings
from tenuto.core.errors import TenutoError

NAMES = ("control", "gateway", "worker", "serving")


def main(arguments: list[str]) -> int:
    given = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )

    # What is imported and built stays: to look through it for garbage takes a tenth of a start, and finds none.
    gc.disable()
    # Each process imports only what it runs: an idle platform must stay small.
    module = importlib.import_module(f"tenuto.app.processes.{given.name}")
    try:
        settings = read_settings(home=given.home)
        module.run(settings, partial(say_ready, given.ready_fd))
    except TenutoError as error:
        logging.getLogger("tenuto").error("%s: %s\n%s", error.fault.code, error, error.fault.fix)  # noqa: TRY400 (a fault says all there is)
        return 2
    return 0


def say_ready(descriptor: int | None) -> None:
    """Tell the supervisor, if there is one. From here on garbage is collected, but for what the start has made."""
    gc.freeze()
    gc.enable()
    if descriptor is not None:
        os.write(descriptor, b"ready\n")
        os.close(descriptor)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tenuto.app.process", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--ready-fd", type=int)
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
