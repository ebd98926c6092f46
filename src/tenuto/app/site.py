"""The control plane as one application: API and console over the rooms' use cases."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from pathlib import Path

import tenuto
from tenuto.app.building import Platform, source_roots
from tenuto.app.data_plane.egress import EgressList
from tenuto.app.data_plane.secrets import ProviderSecrets
from tenuto.app.health import Health
from tenuto.app.settings import Settings
from tenuto.app.sockets import serving_socket
from tenuto.core.words import Scope, system_actor
from tenuto.gateway.declared.compiling import egress_targets
from tenuto.gateway.declared.trying import ProviderTester
from tenuto.gateway.declared.words import EgressTarget
from tenuto.govern.actions import Action
from tenuto.govern.identities import entrance
from tenuto.govern.secret_text import SecretText
from tenuto.govern.workspaces import queries as places
from tenuto.serving.declared.trying import EndpointTester
from tenuto.web.api import access, audit, identities, registry, resources, runs, spend
from tenuto.web.build import build_registry, build_site
from tenuto.web.console.statics import Statics
from tenuto.web.dispatch.config import SiteConfig, SiteParts
from tenuto.web.dispatch.site import Site
from tenuto.web.pages.areas import AREAS
from tenuto.web.pages.frame import ConsoleFrame
from tenuto.web.ports import FirstOwner
from tenuto.web.services import ProviderChoice, Services
from tenuto.web.words import Call, Caller, NewSession


def control_site(platform: Platform, checkpoint_now: Callable[[], None]) -> Site:
    """Return the application that the control process serves on its socket."""
    doors = Doors(platform)
    statics = Statics()
    areas = (resources, identities, access, audit, registry, runs, spend)
    routes = [route for area in (*areas, *AREAS) for route in area.routes()]
    known = {action.value for action in Action}
    table = build_registry(routes, doors, statics, version=tenuto.__version__, actions=known)
    settings = platform.settings
    config = SiteConfig(
        hosts=_hosts(settings),
        signing_key=_signing_key(platform),
        upload_folder=_private(settings.home / "uploads"),
        upload_limit=settings.upload_limit,
        secure=settings.public_url.startswith("https:"),
        behind_edge=True,
    )
    parts = SiteParts(
        services=services(platform, checkpoint_now),
        authenticator=doors,
        clock=platform.desk.clock,
        ids=platform.desk.ids,
    )
    return build_site(table, statics, ConsoleFrame(), config, parts)


def services(platform: Platform, checkpoint_now: Callable[[], None]) -> Services:
    scratch = _private(platform.settings.home / "scratch")
    return Services(
        desk=platform.desk,
        decider=platform.decider,
        kinds=platform.kinds,
        keeper=platform.keeper,
        vault=platform.vault,
        witness=platform.witness,
        signer=platform.keys.models,
        blobs=platform.blobs,
        source_roots=source_roots(platform.settings),
        source_limit=platform.settings.source_limit,
        scratch=scratch,
        address=platform.settings.address,
        choices=_choices(platform),
        known_hosts=frozenset(platform.dialects.known_hosts()),
        tester=_tester(platform),
        endpoints=EndpointTester(platform.desk, serving_socket(platform.settings.home), platform.desk.clock),
        health=Health(platform).parts,
        checkpoint_now=checkpoint_now,
    )


def _choices(platform: Platform) -> tuple[ProviderChoice, ...]:
    dialects = platform.dialects
    return tuple(
        ProviderChoice(dialect, profile, dialects.default_url(dialect, profile))
        for dialect in dialects.names()
        for profile in dialects.profiles(dialect)
    )


def _tester(platform: Platform) -> ProviderTester:
    """Try providers by the rules that the gateway keeps, read anew for each trial."""
    desk = platform.desk

    def declared() -> list[EgressTarget]:
        with desk.database.begin(Scope(system_actor("provider-test"))) as tx:
            return egress_targets(tx)

    return ProviderTester(
        desk,
        platform.dialects,
        EgressList(platform.dialects.known_hosts(), declared),
        lambda: ProviderSecrets(desk, platform.vault, desk.clock),
        desk.clock,
    )


class Doors:
    """Recognises callers, and lets people in and out of the console."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._keeper = platform.keeper

    def by_token(self, token: str, _source: str) -> Caller:
        key = entrance.by_key(self._keeper, token)
        return Caller(key.actor, f"key:{key.id[:6]}", key.workspace)

    def by_session(self, secret: str, _source: str) -> Caller | None:
        person = entrance.by_session(self._keeper, SecretText(secret))
        return Caller(person.actor, entrance.session_name(SecretText(secret))) if person else None

    def wants_first_owner(self) -> bool:
        with self._platform.desk.database.begin(Scope(system_actor("entrance"))) as tx:
            return places.the_organisation(tx) is None

    def sign_in(self, call: Call, email: str, password: str) -> NewSession:
        entered = entrance.sign_in(self._keeper, call.scope, email, SecretText(password))
        return NewSession(entered.secret.reveal(), entered.expires_at)

    def make_first_owner(self, call: Call, *, token: str, owner: FirstOwner) -> NewSession:
        new = entrance.NewOwner(
            name=owner.name,
            email=owner.email,
            password=SecretText(owner.password),
            organisation=owner.organisation,
            currency=owner.currency,
        )
        entered = entrance.found(self._keeper, call.scope, SecretText(token), new)
        return NewSession(entered.secret.reveal(), entered.expires_at)

    def sign_out(self, call: Call) -> None:
        if call.caller is not None:
            entrance.sign_out(self._keeper, call.scope, call.caller.credential)


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _hosts(settings: Settings) -> tuple[str, ...]:
    public = settings.public_url.partition("://")[2]
    named = [*(name.strip() for name in settings.allowed_hosts.split(",")), public]
    return tuple(name for name in named if name)


def _signing_key(platform: Platform) -> bytes:
    """Return a key of its own for forms and messages, so that no key serves two purposes."""
    return hmac.digest(platform.keys.pepper, b"tenuto console forms", "sha256")
