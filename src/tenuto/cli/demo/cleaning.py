"""Leave nothing behind, however the demo ends: ``python -m tenuto.cli.demo.cleaning FOLDER``.

The demo runs this beside itself and holds its standard input open. The kernel closes that when the demo ends,
killed or not; then every process that was started for the folder is ended, and the folder removed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.layout import locate

_PREFIX = "tenuto-demo-"
_POLITE_SECONDS = 10.0
_PROCESSES = Path("/proc")


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """Yield a folder that is gone afterwards, with every process that was started for it."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    command = [sys.executable, "-P", "-m", "tenuto.cli.demo.cleaning", str(folder)]
    # In a session of its own, so that a Ctrl-C meant for the demo does not end who cleans up after it.
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):  # noqa: S603 (our own module)
        try:
            yield folder
        finally:
            remove(folder)


def remove(folder: Path) -> None:
    """Remove a demo's folder, and the database's data where root had to put them outside."""
    with contextlib.suppress(TenutoError):  # damaged or half made: then there is nothing outside to be found
        shutil.rmtree(locate(folder / "home" / "postgres").cluster, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def end_processes(folder: Path) -> None:
    """End every process whose command line names the folder: politely, then not."""
    deadline = time.monotonic() + _POLITE_SECONDS
    _send(signal.SIGTERM, folder)
    while list(_processes(folder)):
        if time.monotonic() > deadline:
            _send(signal.SIGKILL, folder)
        time.sleep(0.1)


def _send(number: signal.Signals, folder: Path) -> None:
    for pid in _processes(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _processes(folder: Path) -> Iterator[int]:
    named = os.fsencode(folder)
    for entry in _PROCESSES.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if named in (entry / "cmdline").read_bytes():
                    yield int(entry.name)


def main() -> None:
    folder = Path(sys.argv[1])
    if not folder.name.startswith(_PREFIX):
        raise SystemExit(f"{folder} is no folder of a demo")
    while os.read(sys.stdin.fileno(), 1):
        pass
    if folder.exists():
        end_processes(folder)
        remove(folder)


if __name__ == "__main__":
    main()
