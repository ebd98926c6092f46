"""What it costs to start ``tenuto``: CPU seconds of whole processes, beside an interpreter that does nothing."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

TENUTO = str(Path(sys.executable).with_name("tenuto"))
ROUNDS = 10
# What is typed -> the command, the exit code it has to end with, what is wanted. Nobody listens at port 9.
COMMANDS = {
    "`python -c pass`, for comparison": ([sys.executable, "-c", "pass"], 0, ""),
    "`tenuto --help`": ([TENUTO, "--help"], 0, "under 0.3"),
    "`tenuto key create --help`": ([TENUTO, "key", "create", "--help"], 0, ""),
    "`tenuto get routes`, the platform away": (
        [TENUTO, "get", "routes", "--url", "http://127.0.0.1:9"],
        3,
        "",
    ),
}


def main() -> None:
    found: dict[str, list[float]] = {typed: [] for typed in COMMANDS}
    for _ in range(ROUNDS):
        for typed, (command, code, _) in COMMANDS.items():
            found[typed].append(_cpu_seconds(command, code))
    rows = [
        [
            typed,
            f"{statistics.median(taken):.2f}",
            f"{min(taken):.2f} to {max(taken):.2f}",
            COMMANDS[typed][2],
        ]
        for typed, taken in found.items()
    ]
    result = {
        "title": "Starting the command line",
        "conditions": f"User and system time of the whole process, {ROUNDS} interleaved rounds, load "
        f"{os.getloadavg()[0]:.1f} when they ended",
        "columns": ["command", "median CPU s", "lowest to highest", "wanted"],
        "rows": rows,
    }
    print(json.dumps(result))


def _cpu_seconds(command: list[str], code: int) -> float:
    before = os.times()
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != code:
        raise SystemExit(f"{command} ended with {done.returncode}: {done.stderr.decode()}")
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


if __name__ == "__main__":
    main()
