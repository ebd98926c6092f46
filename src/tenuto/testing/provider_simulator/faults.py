"""What can be made to go wrong, and how it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Trouble(Enum):
    """Each value is the name by which the trouble is asked for."""

    NONE = ""
    CUT = "cut"  # the connection breaks in the middle of the answer
    CUT_EARLY = "cut-early"  # the connection breaks before the first piece of content
    STALL = "stall"  # the answer stops in the middle, the connection stays
    MALFORMED = "malformed"  # an event in the middle is no JSON
    ERROR_EVENT = "error-event"  # an error object in the middle of the stream
    LIMITED = "429"
    FAILED = "500"
    OVERLOADED = "503"
    REJECTED = "400"
    SLOW = "slow"  # half a second before the first byte
    SILENT = "silent"  # the answer carries no usage
    UNENDED = "unended"  # the stream closes cleanly without its terminator
    CACHED = "cached"  # half of the prompt came from a cache
    WHOLE = "whole"  # the wish for a stream is ignored

    @property
    def status(self) -> int:
        return int(self.value) if self.value.isdigit() else 200


_NAMES = {trouble.value: trouble for trouble in Trouble}


def trouble_in(headers: Mapping[str, str], model: str, standing: Trouble) -> Trouble:
    """Return the trouble of one request: what its header says, else its model's name, else the standing one."""
    asked = headers.get("x-simulate", "")
    if not asked and "+" in model:
        asked = model.rpartition("+")[2]
    return _NAMES.get(asked, standing) if asked else standing
