"""A list shows what its reader may see, one by one, and not what happens to lie beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from contract.test_use_cases import USE_CASES
from support.platform import ANN, BEN, Allowing
from support.use_case_calls import (
    declare_gate,
    give_role,
    make_key,
    new_artifact,
    new_dataset,
    new_model,
    own_everything,
    send_code,
    start_run,
)
from support.world import World, library
from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.core.words import Ref
from tenuto.govern.access import use_cases as access
from tenuto.govern.access.decider import CedarDecider
from tenuto.govern.identities import use_cases as identities
from tenuto.govern.identities.words import KeyPurpose
from tenuto.govern.resources import use_cases as resources
from tenuto.govern.secret_text import SecretText
from tenuto.govern.secrets import use_cases as secrets
from tenuto.govern.use_case import Desk, UseCase
from tenuto.pipelines import use_cases as pipelines
from tenuto.registry import use_cases as registry
from tenuto.store.database import Transaction

Listing = Callable[[Desk], list[Any]]
LISTS: dict[UseCase[..., Any], Callable[[World], Listing]] = {}

# What returns a list of no things of their own to policies, so that there is nothing to filter.
WHOLE = {
    "govern.resources.use_cases:apply": "the changes that the caller's own documents made",
    "govern.audit.use_cases:entries": "the audit log of a place is read as one",
    "govern.resources.use_cases:history": "the revisions of one resource",
    "govern.resources.use_cases:plan": "the changes that the caller's own documents would make",
    "pipelines.use_cases:logs": "the log of one run",
    "registry.use_cases:lineage": "the lineage of one version",
    "spend.use_cases:budgets": "the ledger of a place is read as one",
    "spend.use_cases:by_day": "the ledger of a place is read as one",
    "spend.use_cases:ledger": "the ledger of a place is read as one",
    "spend.use_cases:totals": "the ledger of a place is read as one",
}


def lists(
    use_case: UseCase[..., Any],
) -> Callable[[Callable[[World], Listing]], Callable[[World], Listing]]:
    def keep(factory: Callable[[World], Listing]) -> Callable[[World], Listing]:
        LISTS[use_case] = factory
        return factory

    return keep


@lists(identities.people)
def people(world: World) -> Listing:
    return lambda desk: identities.people(desk, world.home)  # Ann and Ben are known in each world


@lists(identities.accounts)
def accounts(world: World) -> Listing:
    for name in ("robot", "other-robot"):
        identities.create_account(world.desk, world.home, name=name)
    return lambda desk: identities.accounts(desk, world.home)


@lists(identities.keys)
def keys(world: World) -> Listing:
    for _ in range(2):
        make_key(world, world.desk)
    return lambda desk: identities.keys(desk, world.home)


@lists(access.bindings)
def bindings(world: World) -> Listing:
    own_everything(world)
    give_role(world, world.desk)
    return lambda desk: access.bindings(desk, world.home)


@lists(secrets.secrets)
def list_secrets(world: World) -> Listing:
    for name in ("token", "password"):
        value = SecretText("canary-5f0c")
        secrets.write_secret(world.desk, world.home, vault=world.vault, name=name, value=value)
    return lambda desk: secrets.secrets(desk, world.home)


@lists(resources.listing)
def listing(world: World) -> Listing:
    for name in ("small", "large"):
        world.declare("Budget", name, {"amount": "1"}, "lab")
    return lambda desk: resources.listing(desk, world.inside("lab"), kinds=world.kinds, kind="Budget")


@lists(pipelines.runs)
def runs(world: World) -> Listing:
    send_code(world, world.desk)
    for _ in range(2):
        start_run(world, world.desk)
    return lambda desk: pipelines.runs(desk, world.inside("lab"))


@lists(registry.datasets)
def datasets(world: World) -> Listing:
    for name in ("flowers", "trees"):
        registry.register_dataset(world.desk, world.inside("lab"), new=new_dataset(name))
    return lambda desk: registry.datasets(desk, world.inside("lab"))


def _two_models(world: World) -> None:
    declare_gate(world)
    for name in ("iris", "rose"):
        artifact = new_artifact("model", digest_of(name.encode()))
        new = new_model(name, artifact=artifact)
        registry.register_model(world.desk, world.inside("lab"), signer=world.keys.models, new=new)


@lists(registry.models)
def models(world: World) -> Listing:
    _two_models(world)
    return lambda desk: registry.models(desk, world.inside("lab"))


@lists(registry.pending)
def pending(world: World) -> Listing:
    _two_models(world)
    return lambda desk: registry.pending(desk, world.inside("lab"))


class SeeingOne(Allowing):
    """Allows the list, and of what could stand in it the last that it is asked about."""

    def __init__(self, only: str) -> None:
        super().__init__()
        self.only = only

    def allows(self, _tx: Transaction, _action: str, resource: Ref) -> bool:
        return self.only in (resource.id, resource.name)


def _known_as(one: Any) -> str:
    """What a list shows of a secret has no identifier: it is known by its name."""
    return str(getattr(one, "id", "") or one.name)


def returns_a_list(one: UseCase[..., Any]) -> bool:
    return str(one.function.__annotations__["return"]).startswith("list[")


def test_every_list_is_tried_or_says_why_not() -> None:
    found = {name for name, one in USE_CASES.items() if returns_a_list(one)}
    tried = {name for name, one in USE_CASES.items() if one in LISTS}
    assert found == tried | set(WHOLE)
    assert not tried & set(WHOLE)


@pytest.mark.capability("C1")
@pytest.mark.parametrize("name", sorted(name for name, one in USE_CASES.items() if one in LISTS))
def test_a_list_holds_only_what_its_reader_may_see(name: str, world: World) -> None:
    show = LISTS[USE_CASES[name]](world)
    everything = show(world.desk)
    assert len(everything) >= 2, "with one thing in it the list proves nothing"
    for one in everything:
        desk = msgspec.structs.replace(world.desk, decider=SeeingOne(_known_as(one)))
        assert show(desk) == [one]
    nobody = msgspec.structs.replace(world.desk, decider=SeeingOne("nobody"))
    assert show(nobody) == []


@pytest.fixture
def real(world: World) -> World:
    """Two workspaces under Cedar; Ann owns the organisation."""
    own_everything(world)
    world.declare_workspace("other")
    return msgspec.structs.replace(
        world, desk=msgspec.structs.replace(world.desk, decider=CedarDecider(library()))
    )


def give(world: World, role: str, workspace: str, on: Ref | None = None) -> str:
    """Ann gives Ben a role in a workspace, or on one thing of it."""
    return access.grant(
        world.desk,
        world.inside(workspace),
        decider=world.decider,
        subject_kind="person",
        subject=BEN.id,
        role=role,
        resource_kind=on.kind if on else None,
        resource_id=on.id if on else None,
    ).id


@pytest.mark.capability("C1")
def test_who_owns_one_workspace_sees_the_roles_and_keys_of_that_one(real: World) -> None:
    """Neither table is divided by a row policy: what keeps them apart is the decision on each row."""
    own, _ = give(real, "owner", "lab"), give(real, "viewer", "other")
    made = {
        place: identities.create_key(
            real.desk, real.inside(place), keeper=real.keeper, name=place, purpose=KeyPurpose.GATEWAY
        ).info.id
        for place in ("lab", "other")
    }
    ben = real.inside("lab", BEN)
    assert [one.id for one in access.bindings(real.desk, ben)] == [own]
    assert [one.id for one in identities.keys(real.desk, ben)] == [made["lab"]]
    assert len(access.bindings(real.desk, real.inside("lab", ANN))) == 3, "an owner of all sees all of them"


@pytest.mark.capability("C1")
def test_who_may_see_one_thing_of_a_workspace_sees_that_one(real: World) -> None:
    made = [
        registry.register_dataset(real.desk, real.inside("lab"), new=new_dataset(name))
        for name in ("flowers", "trees")
    ]
    ben = real.inside("lab", BEN)
    give(real, "viewer", "lab", made[0].ref)
    with pytest.raises(TenutoError):
        registry.datasets(real.desk, ben)
    give(real, "viewer", "lab", Ref("Dataset", "*"))
    assert [one.id for one in registry.datasets(real.desk, ben)] == [made[0].id]
    with pytest.raises(TenutoError):
        registry.dataset(real.desk, ben, name="trees")
