"""What people are called: identifiers as names, where the reader may know them."""

from __future__ import annotations

from collections.abc import Mapping

from tenuto.govern.identities import use_cases as identities
from tenuto.web.api.scopes import organisation_scope, services_of
from tenuto.web.pages.place import allowed
from tenuto.web.words import Call


def names_of(call: Call) -> Mapping[str, str]:
    """Return names by id: of people and service accounts, as far as the reader may see them, and of the reader."""
    desk, scope = services_of(call).desk, organisation_scope(call)
    found = {call.actor.id: call.actor.name}
    if allowed(call, scope, "govern:person:read", "Person"):
        found |= {person.id: person.name for person in identities.people(desk, scope)}
    if allowed(call, scope, "govern:service_account:read", "ServiceAccount"):
        found |= {account.id: account.name for account in identities.accounts(desk, scope)}
    return found
