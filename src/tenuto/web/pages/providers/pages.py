"""The page of providers, routes and secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from tenuto.core.decoding import convert
from tenuto.gateway.declared.kinds import ProviderSpec, RouteSpec
from tenuto.govern.resources import use_cases as resources
from tenuto.govern.resources.words import Stored
from tenuto.govern.secret_text import SecretText
from tenuto.govern.secrets import use_cases as secrets
from tenuto.govern.secrets.use_cases import SecretInfo
from tenuto.web.api.scopes import organisation_scope, services_of
from tenuto.web.faults import status_of
from tenuto.web.pages.place import allowed, scope_in, standing
from tenuto.web.pages.start.pages import families
from tenuto.web.registry.words import Refusal
from tenuto.web.words import Call, Flash, Input, Redirect, View

PROVIDERS = "/providers"


class SecretForm(Input, frozen=True, kw_only=True):
    """``name`` is taken from the address where a secret is replaced."""

    name: Annotated[str, msgspec.Meta(max_length=63, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=8_000)]


class ReplaceForm(Input, frozen=True, kw_only=True):
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=8_000)]


class ProviderLine(msgspec.Struct, frozen=True):
    """``kept`` is None while its secret was not written, or may not be seen; ``base_url`` is where calls go."""

    name: str
    spec: ProviderSpec
    base_url: str
    kept: SecretInfo | None


class RouteLine(msgspec.Struct, frozen=True):
    name: str
    spec: RouteSpec


def show(call: Call, _body: None, _query: None) -> View:
    return _shown(call)


def _shown(call: Call, *, status: int | None = None, **more: Any) -> View:
    scope, kept = organisation_scope(call), _secrets(call)
    providers = [_provider(call, stored, kept or ()) for stored in _declared(call, "Provider")]
    values: dict[str, Any] = {
        "providers": providers,
        "routes": [RouteLine(one.name, convert(one.spec, RouteSpec)) for one in _declared(call, "Route")],
        "secrets": kept,
        "families": families(services_of(call)),
        "used_by": _used_by(providers),
        "here": standing(call).here,
        "may_test": allowed(call, scope, "gateway:provider:test", "Provider"),
        "may_write": allowed(call, scope, "govern:secret:write", "Secret"),
        "may_delete": allowed(call, scope, "govern:secret:delete", "Secret"),
        "may_see": allowed(call, scope, "govern:resource:read", "Provider"),
        "may_declare": allowed(call, scope, "govern:resource:apply", "Provider"),
        "tried": "",
        "trial": None,
        "refusal": None,
    }
    return View("providers/providers.html", values | more, title="providers.title", status=status)


def try_provider(call: Call, _body: None, _query: None) -> View:
    name = call.path["name"]
    return _shown(call, tried=name, trial=services_of(call).tester.test(organisation_scope(call), name))


def write(call: Call, body: SecretForm, _query: None) -> Redirect:
    return _written(call, body.name, body.value)


def replace(call: Call, body: ReplaceForm, _query: None) -> Redirect:
    return _written(call, call.path["name"], body.value)


def _written(call: Call, name: str, value: str) -> Redirect:
    services = services_of(call)
    secrets.write_secret(
        services.desk, organisation_scope(call), vault=services.vault, name=name, value=SecretText(value)
    )
    return Redirect(PROVIDERS, flash=Flash("start.secret_kept", {"name": name}))


def delete(call: Call, _body: None, _query: None) -> Redirect:
    name = call.path["name"]
    secrets.delete_secret(services_of(call).desk, organisation_scope(call), name=name)
    return Redirect(PROVIDERS, flash=Flash("providers.secret_deleted", {"name": name}))


def refused(call: Call, refusal: Refusal) -> View:
    return _shown(call, refusal=refusal, status=status_of(refusal.error))


def _declared(call: Call, kind: str) -> Sequence[Stored]:
    services, here = services_of(call), standing(call).here
    scope = scope_in(call, here) if here and kind == "Route" else organisation_scope(call)
    if not allowed(call, scope, "govern:resource:read", "Resource", kind):
        return []
    found = resources.listing(services.desk, scope, kinds=services.kinds, kind=kind)
    return sorted(found, key=lambda one: one.name)


def _secrets(call: Call) -> Sequence[SecretInfo] | None:
    """Return what is known of the secrets; None where the reader may not even see their names."""
    scope = organisation_scope(call)
    if not allowed(call, scope, "govern:secret:read", "Secret"):
        return None
    return sorted(secrets.secrets(services_of(call).desk, scope), key=lambda one: one.name)


def _provider(call: Call, stored: Stored, kept: Sequence[SecretInfo]) -> ProviderLine:
    spec = convert(stored.spec, ProviderSpec)
    known = (
        choice.base_url
        for choice in services_of(call).choices
        if (choice.dialect, choice.profile) == (spec.dialect, spec.profile or spec.dialect)
    )
    secret = next((one for one in kept if one.name == spec.secret), None)
    return ProviderLine(stored.name, spec, spec.base_url or next(known, ""), secret)


def _used_by(providers: Sequence[ProviderLine]) -> dict[str, str]:
    """Return the names of the providers that use a secret, by its name."""
    users: dict[str, list[str]] = {}
    for one in providers:
        if one.spec.secret:
            users.setdefault(one.spec.secret, []).append(one.name)
    return {secret: ", ".join(names) for secret, names in users.items()}
