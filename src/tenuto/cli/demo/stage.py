"""The stage of the demo: a private platform, three people, a workspace, and what the steps hand on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tenuto.cli.demo.door import Door
from tenuto.cli.demo.simulators import Simulator

WORKSPACE = "production"


class Stage(msgspec.Struct, kw_only=True):
    """``worker_pid`` and ``said`` are callables because they change while the demo runs."""

    address: str
    folder: Path  # the demo's own files; the platform may read sources below ``sources``
    project: Path  # the pipeline's folder
    sources: Path
    owner: Door  # Ada, who set the platform up
    scientist: Door  # Ben, who trains
    approver: Door  # Chloé, who decides
    first: Simulator
    second: Simulator
    worker_pid: Callable[[], int]
    progress: Callable[[str], None]
    kept: dict[str, Any] = {}  # what one step leaves for the next
