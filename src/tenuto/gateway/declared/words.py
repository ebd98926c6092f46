"""Words of what is declared for the gateway."""

from __future__ import annotations

import msgspec


class EgressTarget(msgspec.Struct, frozen=True):
    """A host and port that calls may go to. ``private`` lets it have addresses that are not public."""

    host: str
    port: int
    private: bool
