"""Finding who is to hold a role."""

from __future__ import annotations

from tenuto.core.errors import TenutoError
from tenuto.core.ids import is_id
from tenuto.core.words import Actor, ActorKind
from tenuto.govern.errors import BINDING_INVALID
from tenuto.govern.identities import queries as identities
from tenuto.govern.identities.errors import PERSON_UNKNOWN
from tenuto.store.database import Transaction


def subject_of(tx: Transaction, kind: str, name: str) -> Actor:
    """Find a person by e-mail address or id, a service account by name."""
    if kind == ActorKind.SERVICE_ACCOUNT.value:
        return identities.account_by_name(tx, name).actor
    if kind != ActorKind.PERSON.value:
        raise TenutoError(BINDING_INVALID, f"{kind}: roles are for persons and service accounts")
    known = identities.person_by_email(tx, name.strip().lower())
    if known is not None:
        return known[0].actor
    if not is_id(name):
        raise TenutoError(PERSON_UNKNOWN, name)
    return identities.person_by_id(tx, name).actor
