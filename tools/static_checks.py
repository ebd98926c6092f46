"""Everything that judges the tree without running it, one short line a stage.

All stages run even when one fails, so that one round shows everything there is to mend.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent

STAGES: dict[str, list[str]] = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
    "types of tools": ["mypy", "tools"],
    "import contracts": ["lint-imports"],
}


def main() -> int:
    failed = [name for name, command in STAGES.items() if not _passes(name, command)]
    if failed:
        print(f"==> failed: {', '.join(failed)}. The tests were not run.")
        return 1
    return 0


def _passes(name: str, command: list[str]) -> bool:
    started = time.monotonic()
    done = subprocess.run(
        [str(TOOLS / command[0]), *command[1:]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    word = "ok" if done.returncode == 0 else "FAILED"
    print(f"==> {name}: {word} ({time.monotonic() - started:.1f} s)", flush=True)
    if done.returncode != 0:
        print(done.stdout, flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
