"""Who is calling: the key out of the headers, the identity out of the snapshot."""

from __future__ import annotations

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import KEY_MISSING, KEY_REFUSED
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
    key_id = keys.key_id(token)
    if key_id is None:  # no key of ours looks like this: to say so tells nothing about those there are
        raise TenutoError(KEY_REFUSED, "its checksum does not fit, so at least one character is wrong")

    def matches(entry: KeyEntry) -> bool:
        return keys.matches(token, entry.digest)

    admitted = admit(snapshot, key_id, matches, parts.clock.now())
    if isinstance(admitted, Refusal):
        raise error_of(admitted)
    return admitted
