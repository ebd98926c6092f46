"""Compile the snapshot: everything the data plane needs to decide, decided beforehand.

Cedar is asked here for each key and each route of its workspace, and the verdict is stored with its rule; the
data plane looks verdicts up and never evaluates a policy of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from tenuto.core.canonical import canonical_json
from tenuto.core.decoding import convert
from tenuto.core.digests import digest_of
from tenuto.core.words import Actor, ActorKind, Effect, Ref, Verdict
from tenuto.gateway.declared import queries
from tenuto.gateway.declared.kinds import EgressRuleSpec, ProviderSpec, RouteSpec
from tenuto.gateway.declared.words import EgressTarget
from tenuto.gateway.words.routing import (
    MASKED,
    Endpoint,
    Identity,
    KeyEntry,
    Protection,
    Route,
    Snapshot,
    Upstream,
)
from tenuto.govern.resources import queries as resources
from tenuto.govern.resources.words import Stored
from tenuto.govern.workspaces import queries as places
from tenuto.store.database import Transaction

INVOKE_ROUTE = "gateway:call:invoke"
INVOKE_ENDPOINT = "serving:endpoint:invoke"

Decide = Callable[[Transaction, Actor, str, Ref], Verdict]
Protections = Callable[[Transaction], Callable[[str, str], Protection | None]]
"""Reads the declared guardrail policies; what it returns tells (workspace, route) -> what holds there."""
DefaultUrl = Callable[[str, str], str]
"""(dialect, profile) -> the base URL that the profile knows, or empty."""


def egress_targets(tx: Transaction) -> list[EgressTarget]:
    """Return the hosts that somebody declared."""
    specs = [convert(stored.spec, EgressRuleSpec) for stored in resources.everywhere(tx, "EgressRule")]
    return [EgressTarget(spec.host.lower(), spec.port, spec.private) for spec in specs]


class Compiler(msgspec.Struct, frozen=True):
    """What compiling needs besides the database. ``lifetime`` is how long a snapshot may be served from."""

    decide: Decide
    default_url: DefaultUrl
    endpoints: Callable[[Transaction], Mapping[str, Mapping[str, Endpoint]]]
    protections: Protections
    lifetime: timedelta

    def compile(self, tx: Transaction) -> Snapshot:
        """Read everything in one transaction of the system role and return the snapshot."""
        routes = self._routes(tx)
        endpoints = {workspace: dict(named) for workspace, named in self.endpoints(tx).items()}
        rows = queries.gateway_keys(tx)
        projects = {place.id: place.project for place in places.listed(tx)}
        keys = {row.id: _entry(row, projects.get(row.workspace_id, "")) for row in rows}
        named = {row.id: row.models for row in rows}
        verdicts = {
            key: self._verdicts(tx, entry.identity, named[key], routes, endpoints)
            for key, entry in keys.items()
        }
        now = queries.now(tx)
        return Snapshot(
            version=_version(routes, endpoints, keys, verdicts),
            valid_until=now + self.lifetime,
            keys=keys,
            routes=routes,
            endpoints=endpoints,
            verdicts=verdicts,
        )

    def _routes(self, tx: Transaction) -> dict[str, dict[str, Route]]:
        providers = {
            stored.name: convert(stored.spec, ProviderSpec) for stored in resources.everywhere(tx, "Provider")
        }
        protection_of = self.protections(tx)
        routes: dict[str, dict[str, Route]] = defaultdict(dict)
        for stored in resources.everywhere(tx, "Route"):
            if stored.workspace is not None:
                declared = protection_of(stored.workspace, stored.name)
                routes[stored.workspace][stored.name] = self._route(stored, providers, declared)
        return dict(routes)

    def _route(
        self, stored: Stored, providers: Mapping[str, ProviderSpec], declared: Protection | None
    ) -> Route:
        spec = convert(stored.spec, RouteSpec)
        upstreams = [
            self._upstream(one.provider, one.model, providers[one.provider])
            for one in spec.upstreams
            if one.provider in providers
        ]
        return Route(
            stored.name,
            tuple(upstreams),
            spec.operations,
            spec.output_cap,
            declared or (MASKED if spec.protect_personal_data else None),
            int(stored.at.timestamp()),
        )

    def _upstream(self, name: str, model: str, spec: ProviderSpec) -> Upstream:
        profile = spec.profile or spec.dialect
        base_url = spec.base_url or self.default_url(spec.dialect, profile)
        return Upstream(name, spec.dialect, profile, base_url, model, spec.secret, spec.region)

    def _verdicts(
        self,
        tx: Transaction,
        identity: Identity,
        models: Sequence[str] | None,
        routes: Mapping[str, Mapping[str, Route]],
        endpoints: Mapping[str, Mapping[str, Endpoint]],
    ) -> dict[str, Verdict]:
        place = identity.workspace
        asked = [("route", INVOKE_ROUTE, "Route", name) for name in routes.get(place, {})]
        asked += [("endpoint", INVOKE_ENDPOINT, "Endpoint", name) for name in endpoints.get(place, {})]
        return {
            f"{door}:{name}": _out_of_key(models, name)
            or self.decide(tx, identity.actor, action, Ref(kind, name, name, place))
            for door, action, kind, name in asked
        }


def _out_of_key(models: Iterable[str] | None, name: str) -> Verdict | None:
    """A key that names models is good for those only, whatever its owner may do."""
    if models is None or name in models:
        return None
    return Verdict(Effect.DENY, f"this key is not made for `{name}`", "key.models", "key")


def _entry(row: Any, project: str) -> KeyEntry:
    is_person = row.actor_kind == "person"
    actor = Actor(
        ActorKind.PERSON if is_person else ActorKind.SERVICE_ACCOUNT,
        row.actor_id,
        row.person_name if is_person else row.account_name,
        None if is_person else row.owner_id,
    )
    identity = Identity(row.id, actor, row.workspace_id, project)
    return KeyEntry(identity, bytes(row.secret_mac), row.expires_at)


def _version(*parts: Any) -> str:
    """Return a digest of everything in the snapshot, so that equal content has equal versions."""
    text = msgspec.json.encode(parts, order="deterministic").decode()
    return digest_of(canonical_json([text]))
