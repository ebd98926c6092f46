"""Room on a disk, looked at before anything is written: a change is refused while there still is a little left.

PostgreSQL ends itself when its log finds no room, and files break off in the middle. So the last of a disk is
kept for what is under way and for what repairs: settling calls, sequencing the log, recovering.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import msgspec

from tenuto.core.errors import Fault, TenutoError

KEPT = 64 << 20  # bytes: four segments of PostgreSQL's log


class FreeSpace(Protocol):
    """Tells how much may still be written below a folder, in bytes."""

    def bytes_free(self, folder: Path) -> int: ...


class Disks:
    """The file systems of this machine."""

    def bytes_free(self, folder: Path) -> int:
        """Look at the folder, or where it is not made yet at the nearest one above it."""
        place = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        found = os.statvfs(place)
        return found.f_bavail * found.f_frsize


class Room(msgspec.Struct, frozen=True):
    """The room for what is written below ``folder``; ``kept`` bytes of it are not given away."""

    folder: Path
    space: FreeSpace
    kept: int = KEPT

    def require(self, fault: Fault, wanted: int = 0) -> None:
        """Raise ``fault`` unless ``wanted`` bytes may be written."""
        free = self.space.bytes_free(self.folder)
        if free < self.kept + wanted:
            raise TenutoError(
                fault,
                f"{free} bytes are free; {self.kept + wanted} are needed",
                free=free,
                needed=self.kept + wanted,
            )
