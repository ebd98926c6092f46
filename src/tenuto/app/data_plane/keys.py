"""Reading keys as ``govern`` wrote them."""

from __future__ import annotations

import hmac

from tenuto.core.errors import TenutoError
from tenuto.govern.apikeys import parse, stored_form


class GatewayKeys:
    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper

    def key_id(self, token: str) -> str | None:
        try:
            return parse(token).id
        except TenutoError:
            return None

    def matches(self, token: str, digest: bytes) -> bool:
        return hmac.compare_digest(stored_form(parse(token), self._pepper), digest)
