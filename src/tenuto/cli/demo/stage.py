"""The stage of the demo: a private platform, three people, an application, and what the steps hand on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tenuto.cli.demo.application import Application
from tenuto.cli.demo.people import Person, Uses
from tenuto.cli.demo.provider import Provider
from tenuto.cli.demo.simulators import Simulator

WORKSPACE = "production"
OWNER_EMAIL = "ada@example.org"


class Stage(msgspec.Struct, kw_only=True):
    """``worker_pid`` is a callable because it changes while the demo runs.

    ``patience`` is how long, in seconds, a step waits for what follows by itself: a settlement, a deployment.
    """

    address: str
    folder: Path  # the demo's own files; the platform may read sources below ``sources``
    project: Path  # the pipeline's folder
    sources: Path
    logs: Path  # of the platform's processes
    owner: Person  # Ada, who set the platform up
    scientist: Person  # Ben, who trains
    approver: Person  # Chloé, who decides
    application: Application
    first: Simulator
    second: Simulator
    provider: Provider | None = None  # the real one, where one was asked for
    worker_pid: Callable[[], int]
    progress: Callable[[str], None]
    uses: Uses
    patience: float = 60.0
    second_depth: int = 2  # how the second model is trained: otherwise than the first
    kept: dict[str, Any] = {}  # what one step leaves for the next
