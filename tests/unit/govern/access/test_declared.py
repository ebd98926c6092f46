"""Roles as declared things: planned, applied, taken back, and never more than somebody holds."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from support.platform import ANN, BEN
from support.use_case_calls import own_everything
from support.world import World
from tenuto.core.errors import TenutoError
from tenuto.core.words import Actor, Effect, Ref, Scope, Verdict
from tenuto.govern.access.queries import Granted, granted
from tenuto.govern.access.use_cases import grant, revoke
from tenuto.govern.identities import use_cases as identities
from tenuto.govern.identities.words import KeyPurpose
from tenuto.govern.resources.use_cases import apply, delete, history, plan, rollback
from tenuto.govern.resources.words import Change, Document, Verb
from tenuto.store.database import Transaction

Place = str | None


@pytest.fixture
def real(world: World) -> World:
    """Under Cedar: Ann owns the organisation, Ben owns the workspace `lab`."""
    own_everything(world)
    strict = msgspec.structs.replace(world, desk=msgspec.structs.replace(world.desk, decider=world.decider))
    declare(strict, "ben-owns-lab", BEN, "owner", "lab")
    return strict


def binding(name: str, actor: Actor, role: str, place: Place = None, **more: object) -> Document:
    subject = f"{actor.name.lower()}@example.org"
    return Document("RoleBinding", name, {"subject": subject, "role": role, **more}, place)


def declare(
    world: World, name: str, actor: Actor, role: str, place: Place = None, *, by: Actor = ANN, **more: object
) -> Change:
    scope = msgspec.structs.replace(world.home, actor=by)
    document = binding(name, actor, role, place, **more)
    return apply(world.desk, scope, kinds=world.kinds, documents=[document])[0]


def roles(world: World) -> set[tuple[str, str, bool]]:
    with world.desk.database.begin(world.home) as tx:
        return {(one.subject_id, one.role, one.workspace is None) for one in granted(tx)}


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(TenutoError) as caught:
        call()
    return caught.value.fault.code


@pytest.mark.capability("C3")
def test_a_declared_role_is_planned_made_changed_and_taken_away(real: World) -> None:
    document = binding("ann-approves", ANN, "approver", "lab")
    [planned] = plan(real.desk, real.home, kinds=real.kinds, documents=[document])
    assert planned.verb is Verb.CREATE
    assert (ANN.id, "approver", False) not in roles(real), "a plan does nothing"
    declare(real, "ann-approves", ANN, "approver", "lab")
    assert (ANN.id, "approver", False) in roles(real)
    assert declare(real, "ann-approves", ANN, "approver", "lab").verb is Verb.KEEP
    changed = declare(real, "ann-approves", ANN, "auditor", "lab")
    assert [one.path for one in changed.differences] == ["role"]
    assert {role for who, role, _ in roles(real) if who == ANN.id} == {"owner", "auditor"}
    lab = real.inside("lab")
    rollback(real.desk, lab, kinds=real.kinds, kind="RoleBinding", name="ann-approves")
    assert {role for who, role, _ in roles(real) if who == ANN.id} == {"owner", "approver"}
    delete(real.desk, lab, kinds=real.kinds, kind="RoleBinding", name="ann-approves")
    assert {role for who, role, _ in roles(real) if who == ANN.id} == {"owner"}
    told = history(real.desk, lab, kinds=real.kinds, kind="RoleBinding", name="ann-approves")
    assert [one.version for one in told] == [4, 3, 2, 1]
    assert told[0].spec is None


def test_where_the_document_lies_is_where_the_role_holds(real: World) -> None:
    declare(real, "ben-looks", BEN, "viewer")
    declare(real, "ben-looks", BEN, "viewer", "lab")
    assert {one for one in roles(real) if one[1] == "viewer"} == {
        (BEN.id, "viewer", True),
        (BEN.id, "viewer", False),
    }


def test_its_schema_says_what_it_takes(real: World) -> None:
    schema = real.kinds.schema("RoleBinding")
    [spec] = schema["$defs"].values() if len(schema["$defs"]) == 1 else [schema["$defs"]["RoleBindingSpec"]]
    assert {"subject", "role", "subject_kind", "resource_kind", "resource_id"} == set(spec["properties"])
    assert spec["required"] == ["subject", "role"]


@pytest.mark.capability("C3")
@pytest.mark.parametrize(
    ("role", "place", "name"),
    [("owner", None, "rise"), ("viewer", None, "rise"), ("owner", "other", "rise")],
)
def test_a_workspaces_owner_gives_nothing_beyond_it(real: World, role: str, place: Place, name: str) -> None:
    real.declare_workspace("other")
    before = roles(real)
    assert code_of(lambda: declare(real, name, BEN, role, place, by=BEN)) == "govern.not_allowed"
    assert roles(real) == before
    declare(real, "fine", BEN, "approver", "lab", by=BEN)


@pytest.mark.capability("C3")
def test_nobody_gives_more_than_they_hold_whatever_a_policy_lets_them(world: World) -> None:
    """The test's decider allows everything; Ben holds `auditor` in one workspace."""
    own_everything(world)
    declare(world, "ben", BEN, "auditor", "lab")
    world.declare_workspace("other")
    for role, place in (("owner", "lab"), ("approver", "lab"), ("auditor", "other"), ("auditor", None)):
        told = code_of(lambda role=role, place=place: declare(world, "rise", BEN, role, place, by=BEN))
        assert told == "govern.held_too_little"
        scope = world.inside(place, BEN) if place else msgspec.structs.replace(world.home, actor=BEN)
        assert code_of(lambda role=role, scope=scope: by_hand(world, scope, role)) == "govern.held_too_little"
    declare(world, "shared", ANN, "auditor", "lab", by=BEN)


def by_hand(world: World, scope: Scope, role: str) -> Granted:
    return grant(
        world.desk,
        scope,
        decider=world.decider,
        subject_kind="person",
        subject="ben@example.org",
        role=role,
    )


@pytest.mark.capability("C3")
def test_a_role_on_one_object_gives_no_more_than_that_object(world: World) -> None:
    own_everything(world)
    one = {"resource_kind": "Source", "resource_id": "one"}
    declare(world, "narrow", BEN, "owner", "lab", **one)
    assert code_of(lambda: declare(world, "wide", BEN, "owner", "lab", by=BEN)) == "govern.held_too_little"
    two = {"resource_kind": "Source", "resource_id": "two"}
    assert (
        code_of(lambda: declare(world, "wide", ANN, "viewer", "lab", by=BEN, **two))
        == "govern.held_too_little"
    )
    declare(world, "same", ANN, "viewer", "lab", by=BEN, **one)


@pytest.mark.capability("C3")
def test_the_last_owner_stays_whichever_way_they_would_go(real: World) -> None:
    """Adopting the role that was given by hand puts it under the document's care."""
    declare(real, "ann-owns", ANN, "owner")
    assert {one for one in roles(real) if one[2]} == {(ANN.id, "owner", True)}
    home = {"kinds": real.kinds, "kind": "RoleBinding", "name": "ann-owns"}
    assert code_of(lambda: delete(real.desk, real.home, **home)) == "govern.last_owner"
    assert code_of(lambda: declare(real, "ann-owns", ANN, "viewer")) == "govern.last_owner"
    assert code_of(lambda: declare(real, "ann-owns", BEN, "auditor")) == "govern.last_owner"
    with real.desk.database.begin(real.home) as tx:
        held = next(one.id for one in granted(tx) if one.subject_id == ANN.id)
    assert code_of(lambda: revoke(real.desk, real.home, binding_id=held)) == "govern.last_owner"
    identities.create_account(real.desk, real.home, name="robot")
    robot = {"subject": "robot", "role": "owner", "subject_kind": "service_account"}
    apply(
        real.desk,
        real.home,
        kinds=real.kinds,
        documents=[Document("RoleBinding", "robot-owns", robot)],
    )
    assert code_of(lambda: delete(real.desk, real.home, **home)) == "govern.last_owner", "no person is left"
    declare(real, "ben-owns", BEN, "owner")
    delete(real.desk, real.home, **home)
    assert (ANN.id, "owner", True) not in roles(real)


def test_one_role_is_declared_once(real: World) -> None:
    assert code_of(lambda: declare(real, "again", BEN, "owner", "lab")) == "govern.binding_declared"


def test_a_declared_role_that_is_revoked_is_not_declared_any_more(real: World) -> None:
    declare(real, "ann-approves", ANN, "approver", "lab")
    with real.desk.database.begin(real.home) as tx:
        given = next(one.id for one in granted(tx) if one.role == "approver")
    revoke(real.desk, real.home, binding_id=given)
    told = history(real.desk, real.inside("lab"), kinds=real.kinds, kind="RoleBinding", name="ann-approves")
    assert (told[0].version, told[0].spec) == (2, None)
    assert declare(real, "ann-approves", ANN, "approver", "lab").verb is Verb.CREATE


def test_what_is_declared_is_refused_where_nothing_could_rest_on_it(real: World) -> None:
    assert code_of(lambda: declare(real, "wrong", BEN, "emperor", "lab")) == "govern.role_unknown"
    nobody = Actor(BEN.kind, BEN.id, "nobody")
    assert code_of(lambda: declare(real, "wrong", nobody, "viewer", "lab")) == "govern.person_unknown"


class OnlyGiving:
    """Allows to apply documents and refuses to give or take roles."""

    def decide(self, _tx: Transaction, action: str, _resource: Ref) -> Verdict:
        effect = Effect.DENY if action.startswith("govern:role_binding:") else Effect.ALLOW
        return Verdict(effect, "the test says so", "test", "test")

    def allows(self, tx: Transaction, action: str, resource: Ref) -> bool:
        return self.decide(tx, action, resource).allowed


@pytest.mark.capability("C3")
def test_declaring_a_role_needs_the_right_to_give_it(world: World) -> None:
    own_everything(world)
    declare(world, "there", BEN, "viewer", "lab")
    limited = msgspec.structs.replace(world, desk=msgspec.structs.replace(world.desk, decider=OnlyGiving()))
    assert code_of(lambda: declare(limited, "wanted", BEN, "auditor", "lab")) == "govern.not_allowed"
    gone = {"kinds": world.kinds, "kind": "RoleBinding", "name": "there"}
    assert code_of(lambda: delete(limited.desk, world.inside("lab"), **gone)) == "govern.not_allowed"


@pytest.mark.capability("C3")
def test_a_key_for_anothers_service_account_is_no_way_up(world: World) -> None:
    """Whoever makes a key for an account acts with its roles."""
    own_everything(world)
    identities.create_account(world.desk, world.home, name="robot")
    robot = {"subject": "robot", "role": "owner", "subject_kind": "service_account"}
    apply(world.desk, world.home, kinds=world.kinds, documents=[Document("RoleBinding", "r", robot, "lab")])
    declare(world, "ben", BEN, "platform_engineer", "lab")

    def make(actor: Actor) -> object:
        return identities.create_key(
            world.desk,
            world.inside("lab", actor),
            keeper=world.keeper,
            name="k",
            purpose=KeyPurpose.PLATFORM,
            account="robot",
        )

    assert code_of(lambda: make(BEN)) == "govern.held_too_little"
    make(ANN)
    declare(world, "ben-too", BEN, "owner", "lab")
    make(BEN)
