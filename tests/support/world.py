"""An installation without processes: a real database, real keys, one owner, one workspace."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import msgspec
import pytest

from support.platform import ANN, BEN
from tenuto.app.building import Dialects
from tenuto.app.keys import Keys, ensure_keys
from tenuto.core.plugins import Plugins
from tenuto.core.words import Actor, Scope
from tenuto.data.kinds import SOURCE
from tenuto.gateway.declared.kinds import kinds as gateway_kinds
from tenuto.govern.access.decider import CedarDecider
from tenuto.govern.access.kinds import kind as role_binding_kind
from tenuto.govern.audit.use_cases import Witness
from tenuto.govern.checkpoints import FolderSink
from tenuto.govern.identities import queries as identities
from tenuto.govern.identities.entrance import Doorkeeper
from tenuto.govern.identities.words import Person
from tenuto.govern.passwords import Passwords
from tenuto.govern.policy import PolicyLibrary
from tenuto.govern.resources.rules import Kinds
from tenuto.govern.resources.use_cases import apply
from tenuto.govern.resources.words import Document
from tenuto.govern.secrets.vault import Vault
from tenuto.govern.use_case import Desk
from tenuto.govern.workspaces import queries as places
from tenuto.govern.workspaces.kinds import WORKSPACE
from tenuto.govern.workspaces.words import Environment
from tenuto.guard.declared.kinds import KIND as GUARDRAIL
from tenuto.registry.kinds import GATE
from tenuto.serving.declared.kinds import kind as endpoint_kind
from tenuto.spend.kinds import BUDGET, PRICE


class World(msgspec.Struct, frozen=True):
    """``desk`` allows everything unless the test put another decider on it; ``decider`` is the real one."""

    desk: Desk
    folder: Path
    keys: Keys
    decider: CedarDecider
    kinds: Kinds
    keeper: Doorkeeper
    vault: Vault
    witness: Witness

    @property
    def home(self) -> Scope:
        """Ann in the organisation."""
        return Scope(ANN, None, "test-request", "127.0.0.1")

    def inside(self, workspace: str, actor: Actor = ANN) -> Scope:
        """Somebody in the workspace of that name."""
        with self.desk.database.begin(self.home) as tx:
            place = places.by_name(tx, workspace)
        return msgspec.structs.replace(self.home, actor=actor, workspace=place.id)

    def declare(self, kind: str, name: str, spec: dict[str, object], workspace: str | None = None) -> None:
        document = Document(kind, name, spec, workspace)
        apply(self.desk, self.home, kinds=self.kinds, documents=[document])

    def declare_workspace(
        self, name: str, environment: Environment = Environment.DEVELOPMENT, **spec: object
    ) -> Scope:
        self.declare("Workspace", name, {"environment": environment.value, **spec})
        return self.inside(name)


@cache
def library() -> PolicyLibrary:
    """Return the built-in policies, read and validated once: nothing changes them."""
    return PolicyLibrary.built_in()


@pytest.fixture
def world(desk: Desk, tmp_path: Path) -> World:
    """A world with the workspace `lab`, in which everything is allowed."""
    made = build_world(desk, tmp_path)
    made.declare_workspace("lab")
    return made


def build_world(desk: Desk, folder: Path) -> World:
    """Build it over the test's database. Ann and Ben are known; nobody has a password or a role."""
    keys = ensure_keys(folder / "keys")
    (folder / "data").mkdir()
    dialects = Dialects(Plugins("tenuto.providers"))
    decider = CedarDecider(library())
    own = [
        WORKSPACE,
        role_binding_kind(decider.require_sound),
        BUDGET,
        PRICE,
        SOURCE,
        GATE,
        GUARDRAIL,
        endpoint_kind(keys.models.public_key),
    ]
    world = World(
        desk=desk,
        folder=folder,
        keys=keys,
        decider=decider,
        kinds=Kinds([*own, *gateway_kinds(dialects.profiles)]),
        keeper=Doorkeeper(desk, Passwords(os.urandom), keys.pepper, os.urandom),
        vault=Vault(keys.secrets, os.urandom),
        witness=Witness(desk.database, keys.audit.verifier, FolderSink(folder / "outside", folder / "data")),
    )
    with desk.database.begin(world.home) as tx:
        for actor in (ANN, BEN):
            person = Person(actor.id, f"{actor.name.lower()}@example.org", actor.name, active=True)
            identities.insert_person(tx, person, None)
    return world
