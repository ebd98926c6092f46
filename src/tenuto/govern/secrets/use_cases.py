"""Write and take away secrets. There is no verb that reads one back."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Event, Ref
from tenuto.govern.envelope import SecretPlace, seal
from tenuto.govern.secret_text import SecretText
from tenuto.govern.secrets import queries
from tenuto.govern.secrets.errors import SECRET_EMPTY, SECRET_NAME_INVALID, SECRET_UNKNOWN
from tenuto.govern.secrets.queries import Kept
from tenuto.govern.secrets.vault import Vault
from tenuto.govern.use_case import Case, use_case

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")


class SecretInfo(msgspec.Struct, frozen=True):
    """All that may be known of a secret."""

    name: str
    version: int
    updated_at: datetime


@use_case("govern:secret:write")
def write_secret(case: Case, *, vault: Vault, name: str, value: SecretText) -> SecretInfo:
    """Write a secret, or its next version."""
    old = queries.find(case.tx, name, lock=True)
    ref = _ref(case.scope.workspace, name, old)
    case.permit(ref)
    _require_sound(name, value)
    kept_id, version = (old.id, old.version + 1) if old else (case.ids.new(), 1)
    place = SecretPlace(case.scope.workspace, "secret", kept_id, version)
    envelope = seal(place, value, vault.keys, vault.entropy)
    kept = Kept(kept_id, case.scope.workspace, name, version, envelope, case.clock.now())
    queries.put(case.tx, kept)
    case.record(
        _ref(case.scope.workspace, name, kept), {"version": version}, [_event("secret.written", kept)]
    )
    return SecretInfo(name, version, kept.updated_at)


@use_case("govern:secret:read", mutating=False)
def secrets(case: Case) -> list[SecretInfo]:
    """Return the names and versions of the secrets here that the actor may see. Values are never read back."""
    case.permit(Ref("Secret", "*", "", case.scope.workspace))
    seen = [one for one in queries.listed(case.tx) if case.may(_ref(one.workspace, one.name, one))]
    return [SecretInfo(one.name, one.version, one.updated_at) for one in seen]


@use_case("govern:secret:delete")
def delete_secret(case: Case, *, name: str) -> None:
    old = queries.find(case.tx, name, lock=True)
    if old is None:
        raise TenutoError(SECRET_UNKNOWN, name)
    case.permit(_ref(case.scope.workspace, name, old))
    queries.delete(case.tx, old.id)
    case.record(_ref(case.scope.workspace, name, old), None, [_event("secret.deleted", old)])


def _require_sound(name: str, value: SecretText) -> None:
    if not _NAME.fullmatch(name):
        raise TenutoError(SECRET_NAME_INVALID, repr(name[:100]), field="name")
    if not value.reveal().strip():
        raise TenutoError(SECRET_EMPTY, name, field="value")


def _ref(workspace: str | None, name: str, kept: Kept | None) -> Ref:
    return Ref("Secret", kept.id if kept else "new", name, workspace)


def _event(type_: str, kept: Kept) -> Event:
    return Event(type_, kept.id, {"name": kept.name, "version": kept.version})
