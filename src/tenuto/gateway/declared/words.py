"""Words of what is declared for the gateway."""

from __future__ import annotations

import msgspec

from tenuto.core.errors import Fault


class EgressTarget(msgspec.Struct, frozen=True):
    """A host and port that calls may go to. ``private`` lets it have addresses that are not public."""

    host: str
    port: int
    private: bool


class ProviderTrial(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider answered when it was asked for its models: the same road, key and rules as any call."""

    address: str
    works: bool
    models: tuple[str, ...] = ()
    seconds: float = 0.0
    fault: Fault | None = None
    detail: str = ""
