"""What it costs to start ``tenuto``: CPU seconds of whole processes, the lowest of several."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TENUTO = Path(sys.executable).with_name("tenuto")
ROUNDS = 10
# What is typed -> the exit code it has to end with. Nobody listens at port 9.
COMMANDS = {
    "tenuto --help": 0,
    "tenuto key create --help": 0,
    "tenuto get routes --url http://127.0.0.1:9": 3,
}


def main() -> None:
    rows = [[f"`{typed}`", f"{_cpu_seconds(typed, code):.2f}"] for typed, code in COMMANDS.items()]
    result = {
        "title": "Starting the command line",
        "conditions": f"User and system time of the whole process, the lowest of {ROUNDS} rounds",
        "columns": ["command", "CPU s"],
        "rows": rows,
    }
    print(json.dumps(result))


def _cpu_seconds(typed: str, code: int) -> float:
    return min(_once(typed, code) for _ in range(ROUNDS))


def _once(typed: str, code: int) -> float:
    before = os.times()
    done = subprocess.run([TENUTO, *typed.split()[1:]], capture_output=True, check=False)
    if done.returncode != code:
        raise SystemExit(f"{typed} ended with {done.returncode}: {done.stderr.decode()}")
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


if __name__ == "__main__":
    main()
