"""Run the benchmarks and write their tables into docs/benchmarks.md.

Usage: bench.py [NAME ...]. Each ``benchmarks/NAME.py`` runs in a process of its own and prints, as its last
line, one JSON object with ``title``, ``conditions``, ``columns`` and ``rows``. Tables of benchmarks that were
not run stay as they are.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks"
PAGE = ROOT / "docs/benchmarks.md"
OPEN, CLOSE = "<!-- tables -->", "<!-- /tables -->"
TABLE = re.compile(r"<!-- (?P<name>[a-z0-9_]+) -->\n(?P<text>.*?)\n<!-- /(?P=name) -->", re.DOTALL)


def main(names: list[str]) -> int:
    known = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
    if unknown := sorted(set(names) - set(known)):
        print(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(known) or 'none yet'}")
        return 2
    before, between, after = _parts(PAGE.read_text("utf-8"))
    tables = {match["name"]: match["text"] for match in TABLE.finditer(between)}
    failed = []
    for name in names or known:
        table = _measure(name)
        if table is None:
            failed.append(name)
            continue
        tables[name] = table
        # At once: who ends a long run keeps what it has measured.
        kept = [f"<!-- {each} -->\n{tables[each]}\n<!-- /{each} -->" for each in known if each in tables]
        PAGE.write_text("\n\n".join([f"{before}{OPEN}", *kept, f"{CLOSE}{after}"]), "utf-8")
    print(f"==> {PAGE.relative_to(ROOT)}: {len(set(tables) & set(known))} tables")
    if failed:
        print(f"==> failed: {', '.join(failed)}")
    return 1 if failed else 0


def _parts(text: str) -> tuple[str, str, str]:
    before, rest = text.split(OPEN)
    between, after = rest.split(CLOSE)
    return before, between, after


def _measure(name: str) -> str | None:
    print(f"==> {name}", flush=True)
    command = [sys.executable, str(FOLDER / f"{name}.py")]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0 or not done.stdout.strip():
        return None
    table = markdown(json.loads(done.stdout.strip().splitlines()[-1]))
    print(table, flush=True)
    return table


def markdown(result: dict[str, Any]) -> str:
    rows = [result["columns"], ["---"] * len(result["columns"]), *result["rows"]]
    lines = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    day = datetime.now(UTC).date().isoformat()
    conditions = f"{result['conditions'].rstrip('.')}. {_machine()}, {day}."
    return "\n".join([f"## {result['title']}", "", *lines, "", conditions])


def _machine() -> str:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**3
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {memory:.0f} GiB, Python {platform.python_version()}, {platform.system()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
