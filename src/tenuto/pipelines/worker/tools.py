"""What a worker works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from tenuto.core.graph import Node
from tenuto.govern.use_case import Desk
from tenuto.pipelines.code.environment import InstalledEnvironment
from tenuto.pipelines.code.folder import ProjectCache
from tenuto.pipelines.ports import Executor
from tenuto.pipelines.records import RunRecord
from tenuto.pipelines.words import StoredValue, TaskId
from tenuto.store.blobs import Blobs

OWN = "tenuto.client.steps:"
"""How a graph names the steps of the platform itself: by where users import them from."""


# Each transition of the journal is passed twice: in its transaction just before the commit, and after it.
POINTS = (
    "claiming", "claimed", "recovering", "recovered", "changing", "changed", "expanding", "expanded",
    "starting", "started", "settling", "settled", "finishing", "finished", "leaving", "left",
    "letting_go", "let_go",
)  # fmt: skip


class Handed(msgspec.Struct, frozen=True):
    """What a step of the platform is given. ``folder`` is its own, for files it makes."""

    run: RunRecord
    node: Node
    task: TaskId
    inputs: Mapping[str, StoredValue]
    blobs: Blobs
    folder: Path


class OwnSteps(Protocol):
    """Steps that need the platform: they run in the worker, with the identity of the run."""

    def has(self, name: str) -> bool: ...

    def run(self, name: str, handed: Handed) -> Mapping[str, StoredValue]:
        """Do the step. Raises ``TenutoError`` for what its author can mend."""
        ...

    def code_of(self, name: str) -> str:
        """Return ``module:function`` of a shipped step that runs like a project's own. Raises if unknown."""
        ...


def nowhere(_point: str) -> None:
    """Called at each of ``POINTS``. Tests put a crash there."""


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    desk: Desk
    blobs: Blobs
    executor: Executor
    own_steps: OwnSteps
    projects: ProjectCache
    environment: InstalledEnvironment
    scratch: Path
    workers: Path  # where the workers of this machine say that they live
    holder: str
    runs: int = 4  # at once
    slots: int = 2  # attempts at once, over all runs
    lease_seconds: float = 8.0  # renewed every second while the run is driven
    passing: Callable[[str], None] = nowhere
