"""Who is calling: the key out of the headers, the identity out of the snapshot."""

from __future__ import annotations

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import KEY_MISSING
from tenuto.gateway.plan import admit
from tenuto.gateway.rules import bearer_of
from tenuto.gateway.server.parts import Parts
from tenuto.gateway.server.replies import error_of
from tenuto.gateway.server.transport import Exchange
from tenuto.gateway.words.routing import Identity, KeyEntry, Refusal, Snapshot


def token_of(exchange: Exchange) -> str:
    """Return the key a caller sent, wherever its format puts it."""
    bearer = bearer_of(exchange.header("authorization"))
    return bearer or exchange.header("x-api-key") or exchange.header("api-key")


def identify(exchange: Exchange, parts: Parts, snapshot: Snapshot) -> Identity:
    """Return who is calling. Raises ``TenutoError`` for everybody else, before a body is read."""
    token = token_of(exchange)
    if not token:
        raise TenutoError(KEY_MISSING)
    keys = parts.ports.keys

    def matches(entry: KeyEntry) -> bool:
        return keys.matches(token, entry.digest)

    admitted = admit(snapshot, keys.key_id(token), matches, parts.clock.now())
    if isinstance(admitted, Refusal):
        raise error_of(admitted)
    return admitted
