"""Put the house together: from settings to the objects that every process works with."""

from __future__ import annotations

import importlib
import os
import pkgutil
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import tenuto
from tenuto.app.database import POOL, logins_of, room_of
from tenuto.app.keys import Keys, ensure_keys
from tenuto.app.settings import Settings
from tenuto.core.clock import SystemClock
from tenuto.core.ids import UuidSeven
from tenuto.core.plugins import OWN_DISTRIBUTION, Plugins
from tenuto.data.kinds import SOURCE
from tenuto.gateway.declared.kinds import ProfileNames
from tenuto.gateway.declared.kinds import kinds as gateway_kinds
from tenuto.gateway.ports import Dialect
from tenuto.govern.access.decider import CedarDecider
from tenuto.govern.access.kinds import Soundness
from tenuto.govern.access.kinds import kind as role_binding_kind
from tenuto.govern.audit.use_cases import Witness
from tenuto.govern.checkpoints import FolderSink
from tenuto.govern.identities.entrance import Doorkeeper
from tenuto.govern.passwords import Passwords
from tenuto.govern.policy import PolicyLibrary
from tenuto.govern.resources.rules import Kinds
from tenuto.govern.resources.words import Kind
from tenuto.govern.secrets.vault import Vault
from tenuto.govern.use_case import Desk
from tenuto.govern.workspaces.kinds import WORKSPACE
from tenuto.guard.declared.kinds import KIND as GUARDRAIL
from tenuto.registry.kinds import GATE
from tenuto.serving.declared.kinds import kind as endpoint_kind
from tenuto.spend.kinds import BUDGET, PRICE
from tenuto.store.blobs import Blobs
from tenuto.store.database import Database
from tenuto.store.schema import metadata

_HTTPS = 443


def load_tables() -> sa.MetaData:
    """Return the metadata with every room's tables in it."""
    for module in pkgutil.walk_packages(tenuto.__path__, "tenuto."):
        if module.name.endswith(".tables") or module.name in {"tenuto.store.outbox", "tenuto.store.leases"}:
            importlib.import_module(module.name)
    return metadata


class Dialects:
    """The provider dialects that are installed and allowed."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._made: dict[str, Dialect] = {}

    def load(self, name: str) -> Dialect:
        if name not in self._made:
            self._made[name] = self._plugins.load(name)()
        return self._made[name]

    def names(self) -> list[str]:
        return list(self._plugins)

    def profiles(self, dialect: str) -> list[str]:
        return sorted(self.load(dialect).profiles)

    def default_url(self, dialect: str, profile: str) -> str:
        known = self.load(dialect).profiles.get(profile)
        return known.base_url if known else ""

    def known_hosts(self) -> list[tuple[str, int]]:
        """Return the hosts that the shipped profiles name, over TLS only."""
        urls = [
            urlsplit(profile.base_url)
            for name in self._plugins
            for profile in self.load(name).profiles.values()
        ]
        return [(url.hostname, url.port or _HTTPS) for url in urls if url.scheme == "https" and url.hostname]


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """What every process of one installation is built from."""

    settings: Settings
    keys: Keys
    desk: Desk
    decider: CedarDecider
    kinds: Kinds
    dialects: Dialects
    blobs: Blobs
    vault: Vault
    keeper: Doorkeeper
    witness: Witness

    def close(self) -> None:
        self.desk.database.close()


def build(settings: Settings) -> Platform:
    """Build the objects. The database must be running; nothing is started and nothing is written but keys."""
    clock, ids = SystemClock(), UuidSeven()
    keys = ensure_keys(settings.keys)
    database = Database(
        logins_of(settings, clock), pool_size=POOL, wait=settings.database_wait, room=room_of(settings)
    )
    decider = CedarDecider(PolicyLibrary.built_in())
    desk = Desk(database, decider, clock, ids)
    dialects = Dialects(Plugins("tenuto.providers", allowed_distributions(settings)))
    sink = FolderSink(settings.checkpoints, settings.home)
    return Platform(
        settings=settings,
        keys=keys,
        desk=desk,
        decider=decider,
        kinds=Kinds(kinds(dialects.profiles, keys.models.public_key, decider.require_sound)),
        dialects=dialects,
        blobs=Blobs(settings.blobs, settings.home / "staging"),
        vault=Vault(keys.secrets, os.urandom),
        keeper=Doorkeeper(desk, Passwords(os.urandom), keys.pepper, os.urandom),
        witness=Witness(database, keys.audit.verifier, sink),
    )


def allowed_distributions(settings: Settings) -> set[str]:
    return {OWN_DISTRIBUTION, *_listed(settings.plugin_distributions)}


def source_roots(settings: Settings) -> tuple[Path, ...]:
    """Return the folders that sources may be read from: the installation's own, and those of the setting."""
    named = [Path(text).expanduser().absolute() for text in settings.source_roots.split(":") if text]
    return (settings.home / "sources", *named)


def kinds(profiles: ProfileNames, models_key: Ed25519PublicKey, sound: Soundness) -> tuple[Kind, ...]:
    """Return every kind of declared things; ``models_key`` is the one that model versions are signed for."""
    return (
        WORKSPACE,
        role_binding_kind(sound),
        *gateway_kinds(profiles),
        BUDGET,
        PRICE,
        SOURCE,
        GATE,
        GUARDRAIL,
        endpoint_kind(models_key),
    )


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
