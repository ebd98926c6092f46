"""How long ``tenuto demo`` takes, and how long each of its steps: the main job, from nothing to its report."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TENUTO = Path(sys.executable).with_name("tenuto")
ROUNDS = 2


def main() -> None:
    found = [_demo() for _ in range(ROUNDS)]
    rows = [_row("in all, with start and end of the platform", [wall for wall, _ in found], "under 90")]
    rows += [_row(key, [steps[key] for _, steps in found], "") for key in found[0][1]]
    print(
        json.dumps(
            {
                "title": "The demo",
                "conditions": f"{ROUNDS} runs of `tenuto demo` one after the other, each in a new home, load "
                f"{os.getloadavg()[0]:.1f} when they ended",
                "columns": ["step", "median s", "lowest to highest", "wanted"],
                "rows": rows,
            }
        )
    )


def _demo() -> tuple[float, dict[str, float]]:
    """Return the seconds of all and of each step. A step that did not really happen ends it all."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        command = [str(TENUTO), "demo", "--json", "--into", folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        wall = time.monotonic() - started
    if done.returncode != 0:
        raise SystemExit(f"the demo ended with {done.returncode}")
    return wall, {row["key"]: row["seconds"] for row in json.loads(done.stdout)["rows"]}


def _row(what: str, found: list[float], wanted: str) -> list[str]:
    return [what, f"{statistics.median(found):.1f}", f"{min(found):.1f} to {max(found):.1f}", wanted]


if __name__ == "__main__":
    main()
