"""What the pages of access are made of, as far as the reader may see each part."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tenuto.govern.access import use_cases as access
from tenuto.govern.access.queries import Granted
from tenuto.govern.identities import use_cases as identities
from tenuto.govern.identities.words import KeyInfo, Person, ServiceAccount
from tenuto.web.api.scopes import organisation_scope, services_of
from tenuto.web.pages.place import Standing, allowed, scope_in
from tenuto.web.words import Call


class Everybody(msgspec.Struct, frozen=True):
    """None: the reader may not see these."""

    people: Sequence[Person] | None
    accounts: Sequence[ServiceAccount] | None
    bindings: Sequence[Granted] | None

    @property
    def names(self) -> dict[str, str]:
        people = {one.id: one.name for one in self.people or ()}
        return people | {one.id: one.name for one in self.accounts or ()}

    @property
    def subjects(self) -> list[tuple[str, str]]:
        """Everybody as a choice of a form: ``kind:name``, and how they are called."""
        people = [(f"person:{one.email}", f"{one.name} · {one.email}") for one in self.people or ()]
        return people + [(f"service_account:{one.name}", one.name) for one in self.accounts or ()]


def everybody(call: Call, stands: Standing) -> Everybody:
    desk, scope = services_of(call).desk, organisation_scope(call)
    people = accounts = bindings = None
    if allowed(call, scope, "govern:person:read", "Person"):
        people = identities.people(desk, scope)
    if allowed(call, scope, "govern:service_account:read", "ServiceAccount"):
        accounts = identities.accounts(desk, scope)
    if allowed(call, scope, "govern:role_binding:read", "RoleBinding"):
        bindings = access.bindings(desk, scope)
        if stands.here is not None:
            known = {one.id for one in bindings}
            local = access.bindings(desk, scope_in(call, stands.here))
            bindings = [*bindings, *(one for one in local if one.id not in known)]
    return Everybody(people, accounts, bindings)


def keys(call: Call, stands: Standing) -> Sequence[KeyInfo]:
    """Return the keys the reader may see, of the organisation or at least of this workspace, newest first."""
    desk = services_of(call).desk
    scopes = [organisation_scope(call)]
    if stands.here is not None:
        scopes.append(scope_in(call, stands.here))
    for scope in scopes:
        if allowed(call, scope, "govern:api_key:read", "ApiKey"):
            found = identities.keys(desk, scope)
            return sorted(found, key=lambda one: one.created_at, reverse=True)
    return []
