"""The demo as somebody runs it, and a look at what of it runs and lies about."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TENUTO = Path(sys.executable).with_name("tenuto")
_LIMIT = 380
_GONE_SECONDS = 60


class Demo:
    """A demo in a process of its own, whose temporary folders lie in ``folder``."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.said = ""
        (folder / "into").mkdir()
        self.process = subprocess.Popen(
            [TENUTO, "demo", f"--into={folder / 'into'}", *arguments],
            env={
                "HOME": str(folder),
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "TMPDIR": str(folder),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            cwd=folder,
        )

    def until(self, text: str) -> None:
        """Read on until the demo has said this."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + _LIMIT
        while text not in self.said and time.monotonic() < deadline:
            readable, _, _ = select.select([self.process.stdout], [], [], 1)
            if readable:
                piece = os.read(
                    self.process.stdout.fileno(), 65_536
                )  # past any buffer, which would hide lines
                assert piece, f"it ended before it said {text!r}:\n{self.said}"
                self.said += piece.decode("utf-8", "replace")
        assert text in self.said

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        said, _ = self.process.communicate(timeout=_LIMIT)
        self.said += said.decode("utf-8", "replace")
        return self.process.returncode

    def report(self) -> Any:
        return json.loads((self.folder / "into" / "demo-report.json").read_text("utf-8"))

    def simulators(self) -> list[int]:
        """Return the processes of the provider simulator, in the order they were started."""
        return sorted(pid for pid, line in self.processes() if b"provider_simulator" in line)

    def processes(self) -> Iterator[tuple[int, bytes]]:
        """Yield every process, wherever it came from, that names a folder of this demo."""
        named = os.fsencode(self.folder / "tenuto-demo-")
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    line = (entry / "cmdline").read_bytes()
                    surroundings = (entry / "environ").read_bytes()
                except OSError:
                    continue
                if named in line or named in surroundings:
                    yield int(entry.name), line

    def assert_nothing_is_left(self) -> None:
        """Who cleans up after a kill does so a moment later."""
        deadline = time.monotonic() + _GONE_SECONDS
        while time.monotonic() < deadline and (list(self.processes()) or self._folders()):
            time.sleep(0.2)
        assert list(self.processes()) == []
        assert self._folders() == []

    def _folders(self) -> list[Path]:
        return list(self.folder.glob("tenuto-demo-*"))
