"""Import the modules named on standard input, one a line, and report as JSON what their import did.

Runs in an interpreter of its own. An import may define things; it may not open, start, create or remove any.
Reading is held against our own modules only: libraries may read their data files when they are imported.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
FORBIDDEN = {
    "_thread.start_new_thread": "starts a thread",
    "os.exec": "starts a process",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.posix_spawn": "starts a process",
    "os.system": "starts a process",
    "subprocess.Popen": "starts a process",
    "os.chmod": "changes a file",
    "os.mkdir": "creates a folder",
    "os.remove": "removes a file",
    "os.rename": "moves a file",
    "os.rmdir": "removes a folder",
    "os.symlink": "creates a link",
    "os.truncate": "changes a file",
    "socket.__new__": "opens a socket",
    "socket.bind": "opens a socket",
    "socket.connect": "opens a socket",
    "socket.getaddrinfo": "asks the name service",
    "tempfile.mkdtemp": "creates a folder",
    "tempfile.mkstemp": "creates a file",
}

seen: list[dict[str, str]] = []
current = [""]


def watch(event: str, args: tuple[Any, ...]) -> None:
    if not current[0]:
        return
    what = _opening(args) if event == "open" else FORBIDDEN.get(event)
    if what is not None:
        seen.append({"module": current[0], "what": what, "of": repr(args[:1]), "where": _where()})


def _opening(args: tuple[Any, ...]) -> str | None:
    _, mode, flags = args
    if (isinstance(mode, str) and set(mode) & set("wax+")) or (
        isinstance(flags, int) and flags & WRITING_FLAGS
    ):
        return "writes a file"
    return "reads a file" if _where() else None


def _where() -> str:
    """The line of ours that did it, or nothing when a library or the import machinery did."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if "importlib._bootstrap" in name:
            return ""
        if "/tenuto/" in name:
            return f"{name}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def main() -> None:
    sys.addaudithook(watch)
    for module in sys.stdin.read().split():
        threads = _threads()
        current[0] = module
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 (one module that does not load must not hide the others)
            seen.append({"module": module, "what": f"does not load: {error!r}", "of": "", "where": ""})
        current[0] = ""
        if _threads() > threads:
            seen.append({"module": module, "what": "starts a thread", "of": "", "where": ""})
    json.dump(seen, sys.stdout)


def _threads() -> int:
    """How many threads this process has, those of libraries written in C too where the system tells."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()


main()
