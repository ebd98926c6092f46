"""Provider keys at the moment they are sent. Kept in memory for a short while, never written anywhere."""

from __future__ import annotations

import asyncio

from tenuto.core.clock import Clock
from tenuto.govern.secrets.vault import Vault, use_secret
from tenuto.govern.use_case import Desk

_FRESH_SECONDS = 5.0


class ProviderSecrets:
    """Secrets of the organisation by name. A new version is used after at most ``_FRESH_SECONDS``."""

    def __init__(self, desk: Desk, vault: Vault, clock: Clock) -> None:
        self._desk = desk
        self._vault = vault
        self._clock = clock
        self._kept: dict[str, tuple[float, str]] = {}

    async def credential(self, reference: str) -> str:
        kept = self._kept.get(reference)
        if kept is not None and self._clock.monotonic() < kept[0]:
            return kept[1]
        found, _version = await asyncio.to_thread(use_secret, self._desk, self._vault, reference)
        value = found.reveal()
        self._kept[reference] = (self._clock.monotonic() + _FRESH_SECONDS, value)
        return value
