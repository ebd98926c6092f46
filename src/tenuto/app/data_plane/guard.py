"""Personal data out of prompts, and back into answers."""

from __future__ import annotations

from collections.abc import Sequence

from tenuto.gateway.ports import Protected
from tenuto.guard.personal import mask


class PersonalDataGuard:
    def protect(self, texts: Sequence[str]) -> Protected:
        return mask(texts)
