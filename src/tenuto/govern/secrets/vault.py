"""Opening a secret for the moment of its use."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope, system_actor
from tenuto.govern.envelope import KeyProvider, unseal
from tenuto.govern.secret_text import SecretText
from tenuto.govern.secrets import queries
from tenuto.govern.secrets.errors import SECRET_UNKNOWN
from tenuto.govern.use_case import Desk


class Vault(msgspec.Struct, frozen=True):
    """Who wraps the keys of secrets, and where randomness comes from."""

    keys: KeyProvider
    entropy: Callable[[int], bytes]


def use_secret(desk: Desk, vault: Vault, name: str, workspace: str | None = None) -> tuple[SecretText, int]:
    """Return a secret and its version, for the moment in which Tenuto itself uses it.

    For the parts that send it where it belongs; nothing that answers a person calls this.
    """
    with desk.database.begin(Scope(system_actor("use-secret"), workspace)) as tx:
        kept = queries.find(tx, name)
    if kept is None:
        raise TenutoError(SECRET_UNKNOWN, name)
    return unseal(kept.place, kept.envelope, vault.keys), kept.version
