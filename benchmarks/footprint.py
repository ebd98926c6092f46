"""What a platform at rest takes: seconds until ``tenuto up`` is ready, and memory when idle.

Memory is the sum of the proportional set sizes (PSS) of every process that ``up`` started, a minute after it was
ready: memory that processes share counts once.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TENUTO = Path(sys.executable).with_name("tenuto")
WARM_STARTS, REST_SECONDS = 5, 60


@contextmanager
def platform(home: Path) -> Iterator[tuple[int, float]]:
    """Yield the process id of a running ``tenuto up`` and the seconds until it was ready."""
    started = time.monotonic()
    command = [str(TENUTO), "up", "--json", f"--home={home}", f"--port={_free_port()}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise SystemExit("the platform did not come up; `tenuto up` says why")
            yield process.pid, time.monotonic() - started
        finally:
            process.send_signal(signal.SIGINT)


def memory(pid: int, home: Path) -> float:
    """Return the MiB of a process and all below it. The database is found by its folder: it has no parent here."""
    found = set(_family(pid))
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and str(home).encode() in _read(entry / "cmdline"):
            found.update(_family(int(entry.name)))
    return sum(_pss(one) for one in found) / 1024


def _family(pid: int) -> Iterator[int]:
    yield pid
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        for child in _read(thread / "children").split():
            yield from _family(int(child))


def _pss(pid: int) -> int:
    lines = _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(b"Pss:")), 0)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return b""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _row(what: str, found: list[float], form: str, wanted: str) -> list[str]:
    spread = f"{form} to {form}".format(min(found), max(found))
    return [what, form.format(statistics.median(found)), spread, wanted]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with platform(home) as (pid, cold):
            time.sleep(REST_SECONDS)
            idle = memory(pid, home)
        warm = []
        for _ in range(WARM_STARTS):
            with platform(home) as (_, seconds):
                warm.append(seconds)
    rows = [
        _row("`tenuto up`, new home, s", [cold], "{:.1f}", ""),
        _row("`tenuto up`, warm home, s", warm, "{:.1f}", "under 5"),
        _row("idle, PSS of all processes, MiB", [idle], "{:.0f}", "under 400"),
    ]
    conditions = (
        f"one platform, one new start, {WARM_STARTS} warm ones, load {os.getloadavg()[0]:.1f} at the end"
    )
    columns = ["what", "median", "lowest to highest", "wanted"]
    print(
        json.dumps(
            {
                "title": "A platform at rest",
                "conditions": conditions,
                "columns": columns,
                "rows": rows,
            }
        )
    )


if __name__ == "__main__":
    main()
