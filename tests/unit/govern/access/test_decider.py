"""Decisions over what is really bound: every role on its actions, and what holds for everybody."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from support.platform import ANN, BEN
from support.use_case_calls import declare_gate, new_artifact, new_dataset, new_model, own_everything
from support.world import World, library
from tenuto.core.errors import TenutoError
from tenuto.core.words import ANONYMOUS, Actor, ActorKind, Ref, Scope
from tenuto.data.use_cases import source_to_read
from tenuto.govern.access import queries
from tenuto.govern.access.decider import CedarDecider
from tenuto.govern.access.use_cases import bindings, explain, grant, revoke
from tenuto.govern.audit.use_cases import Filter, entries
from tenuto.govern.identities.use_cases import create_account, invite, people
from tenuto.govern.policy import Explanation
from tenuto.govern.resources.use_cases import apply, delete, listing
from tenuto.govern.resources.words import Document
from tenuto.govern.secret_text import SecretText
from tenuto.govern.secrets.use_cases import write_secret
from tenuto.govern.use_case import Desk
from tenuto.govern.workspaces.words import Environment
from tenuto.pipelines.use_cases import submit_code
from tenuto.registry.rules import approval_digest
from tenuto.registry.use_cases import approve, dataset, register_dataset, register_model
from tenuto.registry.words import ModelVersion, Stage
from tenuto.spend.use_cases import totals
from tenuto.store.database import Database, Logins
from tenuto.store.outbox import outbox_event


@pytest.fixture
def real(world: World) -> World:
    """The world under Cedar: Ann owns it, nobody else may do anything yet."""
    own_everything(world)
    return msgspec.structs.replace(world, desk=strict(world, world.desk.database))


def strict(world: World, database: Database) -> Desk:
    """A desk of another process: its own connections, its own decider."""
    decider = CedarDecider(library())
    return msgspec.structs.replace(world.desk, database=database, decider=decider)


def assign(world: World, actor: Actor, role: str, workspace: str | None = None) -> str:
    scope = world.inside(workspace) if workspace else world.home
    given = grant(
        world.desk,
        scope,
        decider=world.decider,
        subject_kind=actor.kind.value,
        subject=actor.name if actor.kind is ActorKind.SERVICE_ACCOUNT else actor.id,
        role=role,
    )
    return given.id


def refusal_of(call: Callable[[], object]) -> TenutoError:
    with pytest.raises(TenutoError) as caught:
        call()
    assert caught.value.fault.code == "govern.not_allowed", caught.value
    return caught.value


def ben_in(world: World, workspace: str = "lab") -> Scope:
    return world.inside(workspace, BEN)


DEEDS: dict[str, Callable[[World], object]] = {
    "give a role": lambda w: grant(
        w.desk,
        ben_in(w),
        decider=w.decider,
        subject_kind="person",
        subject=ANN.id,
        role="viewer",
    ),
    "declare a budget": lambda w: apply(
        w.desk, ben_in(w), kinds=w.kinds, documents=[Document("Budget", "b", {"amount": "1"}, "lab")]
    ),
    "declare a gate": lambda w: apply(
        w.desk, ben_in(w), kinds=w.kinds, documents=[Document("Gate", "default", {}, "lab")]
    ),
    "register data": lambda w: register_dataset(w.desk, ben_in(w), new=new_dataset("fresh")),
    "submit code": lambda w: submit_code(
        w.desk, ben_in(w), digest=new_artifact("code").digest, size=7, name="code"
    ),
    "see data": lambda w: dataset(w.desk, ben_in(w), name="flowers"),
    "see what is declared": lambda w: listing(w.desk, ben_in(w), kinds=w.kinds),
    "see costs": lambda w: totals(w.desk, ben_in(w)),
    "see bindings": lambda w: bindings(w.desk, ben_in(w)),
    "read the log": lambda w: entries(w.desk, ben_in(w), wanted=Filter()),
    "write a secret": lambda w: write_secret(
        w.desk, ben_in(w), vault=w.vault, name="s", value=SecretText("x")
    ),
    "ingest": lambda w: source_to_read(w.desk, ben_in(w), name="flowers"),
}
SEE = {"see data", "see what is declared", "see costs"}
MAY: dict[str, set[str]] = {
    "owner": set(DEEDS),
    "data_scientist": SEE | {"register data", "submit code", "ingest", "see bindings"},
    "approver": SEE | {"declare a gate", "see bindings"},
    "auditor": SEE | {"read the log", "see bindings"},
    "platform_engineer": SEE | {"declare a budget", "write a secret", "ingest", "see bindings"},
    "security_officer": SEE | {"declare a gate", "read the log", "see bindings"},
    "viewer": SEE,
    "automation": set(),
    "application": set(),
}


@pytest.mark.capability("C3")
@pytest.mark.parametrize("role", sorted(MAY))
def test_a_role_allows_its_deeds_in_its_workspace_and_no_other(role: str, real: World) -> None:
    """What it does not allow, and everything in another workspace, is refused."""
    for place in ("lab", "other"):
        if place == "other":
            real.declare_workspace("other")
        real.declare("Source", "flowers", {"path": "/data/flowers.csv"}, place)
        register_dataset(real.desk, real.inside(place), new=new_dataset())
    assign(real, BEN, role, "other")
    for deed in DEEDS.values():
        refusal_of(lambda deed=deed: deed(real))
    assign(real, BEN, role, "lab")
    done = set()
    for name, deed in DEEDS.items():
        if name in MAY[role]:
            deed(real)
            done.add(name)
        else:
            refusal_of(lambda deed=deed: deed(real))
    assert done == MAY[role]


def test_every_built_in_role_is_tried() -> None:
    assert set(MAY) == set(library().roles)


@pytest.mark.capability("C4")
def test_nobody_may_do_anything_without_a_role(real: World) -> None:
    for scope in (
        msgspec.structs.replace(real.home, actor=ANONYMOUS),
        real.inside("lab", ANONYMOUS),
        msgspec.structs.replace(real.home, actor=BEN),
    ):
        for call in (
            lambda scope=scope: people(real.desk, scope),
            lambda scope=scope: listing(real.desk, scope, kinds=real.kinds),
            lambda scope=scope: invite(real.desk, scope, keeper=real.keeper, email="x@example.org", name="X"),
        ):
            refused = refusal_of(call)
            assert refused.context["rule"].startswith("default:")


@pytest.mark.capability("C3")
def test_a_role_that_is_taken_away_is_gone_for_the_next_question_of_another_process(
    real: World, logins: Logins
) -> None:
    given = assign(real, BEN, "viewer", "lab")
    elsewhere = strict(real, Database(logins))
    assert totals(elsewhere, ben_in(real)) == []
    revoke(real.desk, real.home, binding_id=given)
    refusal_of(lambda: totals(elsewhere, ben_in(real)))
    assign(real, BEN, "viewer", "lab")
    assert totals(elsewhere, ben_in(real)) == []
    elsewhere.database.close()


def test_a_state_that_was_never_committed_decides_nothing(real: World) -> None:
    """A question inside a transaction that then fails must not be remembered for the next one."""
    decider = real.desk.decider
    ledger = Ref("Ledger", "ledger", "", ben_in(real).workspace)

    def change(role: str) -> None:
        granted = queries.Granted(
            id=real.desk.ids.new(),
            subject_kind="person",
            subject_id=BEN.id,
            role=role,
            workspace=ledger.workspace,
            created_by="test",
        )
        with real.desk.database.begin(ben_in(real)) as tx:
            queries.grant(tx, granted)
            assert decider.allows(tx, "spend:ledger:read", ledger) == (role == "viewer")
            if role == "viewer":
                raise RuntimeError

    with pytest.raises(RuntimeError):
        change("viewer")
    change("application")
    refusal_of(lambda: totals(real.desk, ben_in(real)))


@pytest.mark.capability("C3")
def test_the_last_owner_stays_however_many_leave_at_once(real: World) -> None:
    (first,) = [one.id for one in bindings(real.desk, real.home) if one.role == "owner"]
    with pytest.raises(TenutoError) as caught:
        revoke(real.desk, real.home, binding_id=first)
    assert caught.value.fault.code == "govern.last_owner"
    second = assign(real, BEN, "owner")
    cai = invite(real.desk, real.home, keeper=real.keeper, email="cai@example.org", name="Cai").person
    assign(real, cai.actor, "owner", "lab")

    def leave(binding: str) -> str:
        try:
            revoke(real.desk, real.home, binding_id=binding)
        except TenutoError as error:
            return error.fault.code
        return "left"

    with ThreadPoolExecutor(2) as pool:
        ended = sorted(pool.map(leave, [first, second]))
    assert ended[0] in {"govern.last_owner", "govern.not_allowed"}
    assert ended[1] == "left"


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "emperor"},
        {"resource_kind": "Nonsense", "resource_id": "x"},
        {"resource_kind": "Gate"},
        {"resource_id": "x"},
        {"subject_kind": "run"},
        {"subject_kind": "nonsense"},
        {"subject": "nobody@example.org"},
        {"subject": "0193a000-0000-7000-8000-00000000dead"},
        {"subject_kind": "service_account", "subject": "nobody"},
    ],
)
def test_a_binding_that_no_decision_could_rest_on_is_refused(real: World, wrong: dict[str, str]) -> None:
    asked = {"subject_kind": "person", "subject": BEN.id, "role": "viewer"} | wrong
    with pytest.raises(TenutoError) as caught:
        grant(real.desk, real.home, decider=real.decider, **asked)
    assert caught.value.fault.code in {
        "govern.role_unknown",
        "govern.binding_invalid",
        "govern.person_unknown",
    }
    assert len(bindings(real.desk, real.home)) == 1


def test_a_role_on_one_object_reaches_no_other(real: World) -> None:
    for name in ("one", "two"):
        real.declare("Source", name, {"path": "/data"}, "lab")
    found = {
        one.name: one.id for one in listing(real.desk, real.inside("lab"), kinds=real.kinds, kind="Source")
    }
    grant(
        real.desk,
        real.inside("lab"),
        decider=real.decider,
        subject_kind="person",
        subject="ben@example.org",
        role="data_scientist",
        resource_kind="Source",
        resource_id=found["one"],
    )
    assert source_to_read(real.desk, ben_in(real), name="one").name == "one"
    refusal_of(lambda: source_to_read(real.desk, ben_in(real), name="two"))


@pytest.mark.capability("C3")
def test_the_answer_explains_itself(real: World) -> None:
    given = assign(real, BEN, "viewer", "lab")
    scope = real.inside("lab")
    ledger = Ref("Ledger", "ledger", "", scope.workspace)

    def ask(action: str, resource: Ref) -> Explanation:
        return explain(
            real.desk,
            scope,
            decider=real.decider,
            subject_kind="person",
            subject="ben@example.org",
            action=action,
            resource=resource,
        )

    allowed = ask("spend:ledger:read", ledger)
    assert allowed.verdict.rule == f"role:viewer/{given}"
    refused = ask("spend:ledger:export", ledger)
    assert not refused.verdict.allowed
    assert {"auditor", "owner"} <= set(refused.would_allow)
    for action, resource in (("spend:ledger:raed", ledger), ("spend:ledger:read", Ref("Nonsense", "x"))):
        with pytest.raises(TenutoError, match=r"did you mean `spend:ledger:read`|is about Ledger") as caught:
            ask(action, resource)
        assert caught.value.fault.code == "govern.question_invalid"


# Separation of duties.


def gated(world: World, scope: Scope, workspace: str = "lab") -> ModelVersion:
    declare_gate(world, workspace)
    return register_model(world.desk, scope, signer=world.keys.models, new=new_model())


def decide(world: World, scope: Scope, version: ModelVersion) -> ModelVersion:
    return approve(
        world.desk, scope, name=version.name, version=version.version, digest=approval_digest(version)
    )


@pytest.mark.capability("M10")
def test_an_author_does_not_approve_and_another_owner_does(real: World) -> None:
    version = gated(real, real.inside("lab"))
    refused = refusal_of(lambda: decide(real, real.inside("lab"), version))
    assert refused.context["rule"] == "policy:separation-of-duties"
    assign(real, BEN, "approver", "lab")
    assert decide(real, ben_in(real), version).stage is Stage.APPROVED


@pytest.mark.capability("M10")
def test_neither_through_a_service_account_nor_through_a_run(real: World) -> None:
    robot = create_account(real.desk, real.home, name="robot").actor
    assign(real, robot, "owner", "lab")
    by_robot = gated(real, real.inside("lab", robot))
    assert by_robot.authors == [ANN.id]
    by_run = gated(real, real.inside("lab", Actor(ActorKind.RUN, real.desk.ids.new(), "train", ANN.id)))
    assert by_run.authors == [ANN.id]
    for version in (by_robot, by_run):
        for actor in (ANN, robot):
            refused = refusal_of(lambda v=version, a=actor: decide(real, real.inside("lab", a), v))
            assert refused.context["rule"] == "policy:separation-of-duties"
    assign(real, BEN, "approver", "lab")
    for version in (by_robot, by_run):
        assert decide(real, ben_in(real), version).stage is Stage.APPROVED


@pytest.mark.capability("M10")
def test_a_run_decides_nothing_itself(real: World) -> None:
    version = gated(real, real.inside("lab"))
    run = Actor(ActorKind.RUN, real.desk.ids.new(), "approve-it", BEN.id)
    assign(real, BEN, "approver", "lab")
    refusal_of(lambda: decide(real, real.inside("lab", run), version))


@pytest.mark.capability("M10")
def test_duties_are_joined_outside_production_only_and_loudly(real: World) -> None:
    scope = real.declare_workspace("alone", Environment.DEVELOPMENT, separation_of_duties=False)
    version = gated(real, scope, "alone")
    assert decide(real, scope, version).stage is Stage.APPROVED
    with real.desk.database.begin(real.home) as tx:
        told = tx.rows(outbox_event.select().where(outbox_event.c.type == "workspace.duties_joined"))
    assert [row.data for row in told] == [{"name": "alone"}]
    with pytest.raises(TenutoError) as caught:
        real.declare_workspace("live", Environment.PRODUCTION, separation_of_duties=False)
    assert caught.value.fault.code == "govern.duties_not_separable"


@pytest.mark.capability("M10")
def test_joining_and_separating_again_takes_effect_at_once(real: World) -> None:
    scope = real.inside("lab")
    version = gated(real, scope)
    refusal_of(lambda: decide(real, scope, version))
    real.declare("Workspace", "lab", {"environment": "development", "separation_of_duties": False})
    real.declare("Workspace", "lab", {"environment": "development"})
    refusal_of(lambda: decide(real, scope, version))
    real.declare("Workspace", "lab", {"environment": "development", "separation_of_duties": False})
    assert decide(real, scope, version).stage is Stage.APPROVED
    with real.desk.database.begin(real.home) as tx:
        told = tx.rows(outbox_event.select().where(outbox_event.c.type == "workspace.duties_joined"))
    assert len(told) == 2


def test_a_workspace_keeps_its_environment_and_is_never_deleted(real: World) -> None:
    with pytest.raises(TenutoError) as caught:
        real.declare("Workspace", "lab", {"environment": "production"})
    assert caught.value.fault.code == "govern.environment_fixed"
    with pytest.raises(TenutoError) as caught:
        delete(real.desk, real.home, kinds=real.kinds, kind="Workspace", name="lab")
    assert caught.value.fault.code == "govern.workspace_stays"
