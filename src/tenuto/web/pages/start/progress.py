"""How far an installation has come, read from what is really there."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tenuto.core.decoding import convert
from tenuto.core.words import Scope
from tenuto.gateway.declared.kinds import ProviderSpec
from tenuto.govern.identities import use_cases as identities
from tenuto.govern.identities.words import KeyPurpose
from tenuto.govern.resources import use_cases as resources
from tenuto.govern.resources.words import Stored
from tenuto.govern.secrets import use_cases as secrets
from tenuto.spend import use_cases as spend
from tenuto.spend.use_cases import LedgerFilter
from tenuto.spend.words import LedgerRow
from tenuto.web.api.scopes import organisation_scope, services_of
from tenuto.web.pages.place import Standing, allowed, scope_in
from tenuto.web.words import Call


class Chosen(msgspec.Struct, frozen=True):
    """The provider that the guide is about: the one declared last."""

    name: str
    spec: ProviderSpec
    has_key: bool

    @property
    def ready(self) -> bool:
        return self.has_key or self.spec.secret is None


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What is there already, in the order of the guide. A missing part is None or False."""

    workspace: str | None = None
    provider: Chosen | None = None
    route: str | None = None
    key: bool = False
    call: LedgerRow | None = None

    @property
    def done(self) -> bool:
        return self.call is not None

    @property
    def step(self) -> int:
        """The number of the step whose turn it is; 6 when all are done."""
        reached = (
            self.workspace is not None,
            self.provider is not None and self.provider.ready,
            self.route is not None,
            self.key,
            self.call is not None,
        )
        return next((number for number, there in enumerate(reached, 1) if not there), 6)


def may_set_up(call: Call) -> bool:
    """Tell whether to offer the guide: to those who may declare what it declares."""
    return allowed(call, organisation_scope(call), "govern:resource:apply", "Provider")


def progress_of(call: Call, stands: Standing) -> Progress:
    provider = _provider(call)
    if stands.here is None:
        return Progress(provider=provider)
    desk, scope = services_of(call).desk, scope_in(call, stands.here)
    routes = _declared(call, scope, "Route")
    keys = [one for one in identities.keys(desk, scope) if one.purpose is KeyPurpose.GATEWAY]
    calls = spend.ledger(desk, scope, wanted=LedgerFilter(limit=1))
    return Progress(
        workspace=stands.here.name,
        provider=provider,
        route=routes[-1].name if routes else None,
        key=any(one.revoked_at is None for one in keys),
        call=calls[0] if calls else None,
    )


def _provider(call: Call) -> Chosen | None:
    scope = organisation_scope(call)
    declared = _declared(call, scope, "Provider")
    if not declared:
        return None
    spec = convert(declared[-1].spec, ProviderSpec)
    kept = {one.name for one in secrets.secrets(services_of(call).desk, scope)}
    return Chosen(declared[-1].name, spec, spec.secret in kept)


def _declared(call: Call, scope: Scope, kind: str) -> Sequence[Stored]:
    services = services_of(call)
    found = resources.listing(services.desk, scope, kinds=services.kinds, kind=kind)
    return sorted(found, key=lambda stored: stored.at)
