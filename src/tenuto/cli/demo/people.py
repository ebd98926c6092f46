"""The people of the demo, each with three ways to the platform: plain HTTP, the command line, the Python client."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from tenuto.cli.demo.door import Door
from tenuto.cli.demo.words import DemoFailedError, Means, Use
from tenuto.client.api import Tenuto

_SECONDS = 120.0
_TENUTO = (sys.executable, "-P", "-c", "from tenuto.cli.main import main; main()")


class Uses:
    """Notes who used what since it was last asked."""

    def __init__(self) -> None:
        self._noted: set[Use] = set()

    def note(self, who: str, means: Means) -> None:
        self._noted.add(Use(who, means.value))

    def take(self) -> list[Use]:
        """Return what was noted, in a stable order, and begin anew."""
        noted, self._noted = self._noted, set()
        return sorted(noted)


class Surroundings(msgspec.Struct, frozen=True):
    """What everybody shares: the platform's address, the workspace, and a folder for command lines to run in."""

    address: str
    workspace: str
    folder: Path
    environment: Mapping[str, str]
    uses: Uses


class Person:
    """Somebody with a key. The key is handed to programs in their environment, never as an argument."""

    def __init__(self, name: str, identity: str, key: str, around: Surroundings) -> None:
        self.name = name
        self.id = identity
        self._key = key
        self._around = around

    def __repr__(self) -> str:
        return f"Person({self.name!r})"

    @cached_property
    def _door(self) -> Door:
        return Door(self._around.address, self._key, self._around.workspace)

    @cached_property
    def _typed(self) -> Tenuto:
        return Tenuto(self._around.address, self._key, self._around.workspace)

    @property
    def http(self) -> Door:
        self._around.uses.note(self.name, Means.HTTP)
        return self._door

    @property
    def client(self) -> Tenuto:
        self._around.uses.note(self.name, Means.PYTHON_CLIENT)
        return self._typed

    def tenuto(self, *arguments: str | Path, expect: int = 0) -> Any:
        """Run a command with ``--json`` and return what it printed. Its exit code has to be ``expect``."""
        self._around.uses.note(self.name, Means.COMMAND_LINE)
        command = [*_TENUTO, *map(str, arguments), "--json"]
        ended = subprocess.run(  # noqa: S603 (our own command, no shell)
            command,
            cwd=self._around.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if ended.returncode != expect:
            said = f"`tenuto {' '.join(map(str, arguments[:2]))}` ended with {ended.returncode}, not {expect}"
            raise DemoFailedError(f"{said}: {_told(ended.stderr)}")
        return json.loads(ended.stdout)

    def close(self) -> None:
        self._typed.close()

    def _environment(self) -> dict[str, str]:
        return {
            **self._around.environment,
            "HOME": str(self._around.folder),
            "TENUTO_URL": self._around.address,
            "TENUTO_TOKEN": self._key,
            "TENUTO_WORKSPACE": self._around.workspace,
        }


def _told(stderr: str) -> str:
    """Return the error that a command told as JSON in its last line, or the end of what it said."""
    try:
        error = json.loads(stderr.strip().splitlines()[-1])["error"]
        return f"{error['code']}: {error['detail']}"
    except (ValueError, KeyError, IndexError, TypeError):
        return stderr.strip()[-300:] or "it said nothing"
