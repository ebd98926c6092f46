"""Who is calling: the key out of the headers, the identity out of the snapshot."""

from __future__ import annotations

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import KEY_MISSING, KEY_REFUSED, KEYS_CONTRADICT
from tenuto.gateway.plan import admit
from tenuto.gateway.ports import KeyReader
from tenuto.gateway.rules import bearer_of
from tenuto.gateway.server.parts import Parts
from tenuto.gateway.server.replies import error_of
from tenuto.gateway.server.transport import Exchange
from tenuto.gateway.words.routing import Identity, KeyEntry, Refusal, Snapshot


def token_of(exchange: Exchange, keys: KeyReader) -> str:
    """Return the key a caller sent, wherever its format puts it.

    Some clients fill two headers, one with the key and one with something of their own. Two different keys are
    refused: it would be unclear who calls, and who pays.
    """
    sent = [bearer_of(exchange.header("authorization"))]
    sent += [exchange.header(name).strip() for name in ("x-api-key", "api-key")]
    ours = {text for text in sent if text and keys.key_id(text) is not None}
    if len(ours) > 1:
        raise TenutoError(KEYS_CONTRADICT)
    return next((text for text in [*ours, *sent] if text), "")


def identify(exchange: Exchange, parts: Parts, snapshot: Snapshot) -> Identity:
    """Return who is calling. Raises ``TenutoError`` for everybody else, before a body is read."""
    keys = parts.ports.keys
    token = token_of(exchange, keys)
    if not token:
        raise TenutoError(KEY_MISSING)
    key_id = keys.key_id(token)
    if key_id is None:  # no key of ours looks like this: to say so tells nothing about those there are
        raise TenutoError(KEY_REFUSED, "its checksum does not fit, so at least one character is wrong")

    def matches(entry: KeyEntry) -> bool:
        return keys.matches(token, entry.digest)

    admitted = admit(snapshot, key_id, matches, parts.clock.now())
    if isinstance(admitted, Refusal):
        raise error_of(admitted)
    return admitted
