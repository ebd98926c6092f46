"""Disks whose room a test decides."""

from __future__ import annotations

from pathlib import Path

from tenuto.store.space import KEPT


class SimulatedDisk:
    """A disk with ``free`` bytes for what is written; what is kept back lies beside them."""

    def __init__(self, free: int = 0) -> None:
        self.free = free

    def bytes_free(self, _folder: Path) -> int:
        return KEPT + self.free
