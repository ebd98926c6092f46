"""Run a script that alone sees a folder as a small file system."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_SMALL_DISK = """
import ctypes, os, sys
from pathlib import Path
libc = ctypes.CDLL(None, use_errno=True)
assert libc.unshare(0x20000) == 0
assert libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None) == 0
assert libc.mount(b"tmpfs", sys.argv[1].encode(), b"tmpfs", 0, sys.argv[2].encode()) == 0
sys.argv = sys.argv[3:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
exec(compile(Path(sys.argv[0]).read_text(), sys.argv[0], "exec"), {"__name__": "__main__"})
"""


def on_small_disk(folder: Path, size: str, script: Path, *arguments: str) -> str:
    """Run a script that alone sees ``folder`` as a file system of that size, and return what it printed."""
    command = [sys.executable, "-c", _SMALL_DISK, str(folder), f"size={size}", str(script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "AssertionError" in done.stderr and "libc" in done.stderr:
        pytest.skip("needs a small file system")
    assert done.returncode == 0, done.stderr
    return done.stdout
