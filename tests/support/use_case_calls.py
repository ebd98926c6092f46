"""One call of every use case, with what it may change. A use case without one fails the sweep.

Each factory brings the world to where the use case has something to do, and returns the call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from support.pipeline_graphs import graph, node
from support.platform import ANN, BEN
from support.rows import FACTORIES
from support.world import World
from tenuto.core.digests import digest_of
from tenuto.core.words import Ref
from tenuto.data import use_cases as data
from tenuto.gateway.declared import use_cases as gateway
from tenuto.gateway.declared.words import ProviderTrial
from tenuto.govern.access import queries as role_bindings
from tenuto.govern.access import use_cases as access
from tenuto.govern.audit import use_cases as audit
from tenuto.govern.identities import use_cases as identities
from tenuto.govern.identities.words import KeyPurpose
from tenuto.govern.resources import use_cases as resources
from tenuto.govern.resources.words import Document
from tenuto.govern.secret_text import SecretText
from tenuto.govern.secrets import use_cases as secrets
from tenuto.govern.use_case import Desk, UseCase
from tenuto.pipelines import use_cases as pipelines
from tenuto.registry import use_cases as registry
from tenuto.registry.rules import approval_digest
from tenuto.registry.use_cases import NewArtifact, NewDataset, NewModel
from tenuto.registry.words import Evidence, ModelVersion
from tenuto.serving.declared import use_cases as serving
from tenuto.serving.declared.words import Packaging
from tenuto.serving.words import Signature
from tenuto.spend import use_cases as spend
from tenuto.spend.tables import usage_record

DIGEST = digest_of(b"content")


class Prepared(msgspec.Struct, frozen=True):
    """A call that can be made. ``changes`` are the tables it writes to, but for the log and the outbox."""

    call: Callable[[Desk], Any]
    changes: frozenset[str] = frozenset()
    records: int = 0
    events: int = 0


Factory = Callable[["World"], Prepared]
CALLS: dict[UseCase[..., Any], Factory] = {}


def calls(use_case: UseCase[..., Any]) -> Callable[[Factory], Factory]:
    def keep(factory: Factory) -> Factory:
        CALLS[use_case] = factory
        return factory

    return keep


def changing(call: Callable[[Desk], Any], *tables: str, records: int = 1, events: int = 0) -> Prepared:
    return Prepared(call, frozenset(tables), records, events)


@calls(identities.invite)
def invite(world: World) -> Prepared:
    return changing(
        lambda desk: identities.invite(
            desk, world.home, keeper=world.keeper, email="c@example.org", name="C"
        ),
        "person",
        "one_time_token",
    )


@calls(identities.people)
def people(world: World) -> Prepared:
    return Prepared(lambda desk: identities.people(desk, world.home))


@calls(identities.create_account)
def create_account(world: World) -> Prepared:
    return changing(lambda desk: identities.create_account(desk, world.home, name="robot"), "service_account")


@calls(identities.accounts)
def accounts(world: World) -> Prepared:
    return Prepared(lambda desk: identities.accounts(desk, world.home))


def make_key(world: World, desk: Desk) -> identities.MadeKey:
    return identities.create_key(
        desk, world.home, keeper=world.keeper, name="mine", purpose=KeyPurpose.PLATFORM
    )


@calls(identities.create_key)
def create_key(world: World) -> Prepared:
    return changing(lambda desk: make_key(world, desk), "api_key", events=1)


@calls(identities.keys)
def keys(world: World) -> Prepared:
    return Prepared(lambda desk: identities.keys(desk, world.home))


@calls(identities.revoke_key)
def revoke_key(world: World) -> Prepared:
    made = make_key(world, world.desk).info.id
    return changing(lambda desk: identities.revoke_key(desk, world.home, key_id=made), "api_key", events=1)


@calls(identities.set_password)
def set_password(world: World) -> Prepared:
    make_key(world, world.desk)
    new = SecretText("another quiet held note")
    return changing(
        lambda desk: identities.set_password(
            desk, world.home, keeper=world.keeper, password=new, revoke_keys=True
        ),
        "person",
        "api_key",
        events=1,
    )


def own_everything(world: World) -> None:
    """Ann is given by hand what nobody could have given her."""
    with world.desk.database.begin(world.home) as tx:
        role_bindings.grant_first_owner(tx, world.desk.ids.new(), ANN.id)


@calls(identities.deactivate)
def deactivate(world: World) -> Prepared:
    own_everything(world)
    return changing(
        lambda desk: identities.deactivate(desk, world.home, person_id=BEN.id),
        "person",
        "policy_state",
        events=1,
    )


@calls(identities.reactivate)
def reactivate(world: World) -> Prepared:
    own_everything(world)
    identities.deactivate(world.desk, world.home, person_id=BEN.id)
    return changing(
        lambda desk: identities.reactivate(desk, world.home, person_id=BEN.id), "person", events=1
    )


@calls(identities.deactivate_account)
def deactivate_account(world: World) -> Prepared:
    identities.create_account(world.desk, world.home, name="robot")
    return changing(
        lambda desk: identities.deactivate_account(desk, world.home, name="robot"),
        "service_account",
        events=1,
    )


@calls(identities.reactivate_account)
def reactivate_account(world: World) -> Prepared:
    identities.create_account(world.desk, world.home, name="robot")
    identities.deactivate_account(world.desk, world.home, name="robot")
    return changing(
        lambda desk: identities.reactivate_account(desk, world.home, name="robot"),
        "service_account",
        events=1,
    )


@calls(audit.entries)
def entries(world: World) -> Prepared:
    return changing(lambda desk: audit.entries(desk, world.home, wanted=audit.Filter()))


@calls(audit.entry)
def entry(world: World) -> Prepared:
    newest = audit.entries(world.desk, world.home, wanted=audit.Filter(limit=1))[0].record.id
    return changing(lambda desk: audit.entry(desk, world.home, record_id=newest, witness=world.witness))


@calls(audit.state)
def state(world: World) -> Prepared:
    return Prepared(lambda desk: audit.state(desk, world.home, witness=world.witness))


@calls(audit.verify)
def verify(world: World) -> Prepared:
    return changing(lambda desk: audit.verify(desk, world.home, witness=world.witness))


@calls(audit.export)
def export(world: World) -> Prepared:
    def call(desk: Desk) -> Any:
        target = world.folder / f"{desk.ids.new()}.zip"
        return audit.export(desk, world.home, witness=world.witness, target=target)

    return changing(call)


def give_role(world: World, desk: Desk) -> access.Granted:
    return access.grant(
        desk,
        world.home,
        decider=world.decider,
        subject_kind="person",
        subject="ben@example.org",
        role="viewer",
    )


@calls(access.grant)
def grant(world: World) -> Prepared:
    own_everything(world)
    return changing(lambda desk: give_role(world, desk), "role_binding", "policy_state", events=1)


@calls(access.revoke)
def revoke(world: World) -> Prepared:
    own_everything(world)
    given = give_role(world, world.desk).id
    return changing(
        lambda desk: access.revoke(desk, world.home, binding_id=given),
        "role_binding",
        "policy_state",
        events=1,
    )


@calls(access.bindings)
def bindings(world: World) -> Prepared:
    return Prepared(lambda desk: access.bindings(desk, world.home))


@calls(access.explain)
def explain(world: World) -> Prepared:
    return changing(
        lambda desk: access.explain(
            desk,
            world.home,
            decider=world.decider,
            subject_kind="person",
            subject="ben@example.org",
            action="govern:organisation:read",
            resource=Ref("Organisation", "organisation"),
        )
    )


def put_secret(world: World, desk: Desk) -> secrets.SecretInfo:
    return secrets.write_secret(
        desk, world.home, vault=world.vault, name="token", value=SecretText("canary-5f0c")
    )


@calls(secrets.write_secret)
def write_secret(world: World) -> Prepared:
    return changing(lambda desk: put_secret(world, desk), "secret", events=1)


@calls(secrets.secrets)
def list_secrets(world: World) -> Prepared:
    return Prepared(lambda desk: secrets.secrets(desk, world.home))


@calls(secrets.delete_secret)
def delete_secret(world: World) -> Prepared:
    put_secret(world, world.desk)
    return changing(lambda desk: secrets.delete_secret(desk, world.home, name="token"), "secret", events=1)


PRICE = {"provider": "sim", "model": "*", "input": "1", "output": "2"}
BUDGET = {"amount": "1"}


@calls(resources.plan)
def plan(world: World) -> Prepared:
    documents = [Document("Price", "sim", PRICE)]
    return Prepared(lambda desk: resources.plan(desk, world.home, kinds=world.kinds, documents=documents))


@calls(resources.apply)
def apply(world: World) -> Prepared:
    """Two levels and two workspaces in one call: one record and one event for each document."""
    world.declare_workspace("second")
    documents = [
        Document("Price", "sim", PRICE),
        Document("Budget", "small", BUDGET, "lab"),
        Document("Budget", "small", BUDGET, "second"),
    ]
    return changing(
        lambda desk: resources.apply(desk, world.home, kinds=world.kinds, documents=documents),
        "resource",
        "resource_revision",
        "price",
        "budget",
        records=3,
        events=3,
    )


@calls(resources.delete)
def delete(world: World) -> Prepared:
    world.declare("Budget", "small", BUDGET, "lab")
    return changing(
        lambda desk: resources.delete(
            desk, world.inside("lab"), kinds=world.kinds, kind="Budget", name="small"
        ),
        "resource",
        "resource_revision",
        "budget",
        events=1,
    )


@calls(resources.get)
def get(world: World) -> Prepared:
    return Prepared(
        lambda desk: resources.get(desk, world.home, kinds=world.kinds, kind="Workspace", name="lab")
    )


@calls(resources.listing)
def listing(world: World) -> Prepared:
    return Prepared(lambda desk: resources.listing(desk, world.home, kinds=world.kinds))


@calls(resources.history)
def history(world: World) -> Prepared:
    return Prepared(
        lambda desk: resources.history(desk, world.home, kinds=world.kinds, kind="Workspace", name="lab")
    )


@calls(resources.rollback)
def rollback(world: World) -> Prepared:
    world.declare("Budget", "small", BUDGET, "lab")
    world.declare("Budget", "small", BUDGET | {"hard": False}, "lab")
    return changing(
        lambda desk: resources.rollback(
            desk, world.inside("lab"), kinds=world.kinds, kind="Budget", name="small"
        ),
        "resource",
        "resource_revision",
        "budget",
        events=1,
    )


def send_code(world: World, desk: Desk) -> Any:
    return pipelines.submit_code(desk, world.inside("lab"), digest=DIGEST, size=7, name="project")


@calls(pipelines.submit_code)
def submit_code(world: World) -> Prepared:
    return changing(lambda desk: send_code(world, desk), "artifact")


def start_run(world: World, desk: Desk) -> Any:
    new = pipelines.NewRun(graph=msgspec.json.encode(graph(node("a", 1))), code=DIGEST)
    return pipelines.submit(desk, world.inside("lab"), new=new)


@calls(pipelines.submit)
def submit(world: World) -> Prepared:
    send_code(world, world.desk)
    return changing(lambda desk: start_run(world, desk), "run", events=1)


def _started(world: World) -> str:
    send_code(world, world.desk)
    return str(start_run(world, world.desk).id)


@calls(pipelines.runs)
def runs(world: World) -> Prepared:
    return Prepared(lambda desk: pipelines.runs(desk, world.inside("lab")))


@calls(pipelines.run)
def run(world: World) -> Prepared:
    started = _started(world)
    return Prepared(lambda desk: pipelines.run(desk, world.inside("lab"), run_id=started))


@calls(pipelines.logs)
def logs(world: World) -> Prepared:
    started = _started(world)
    return Prepared(lambda desk: pipelines.logs(desk, world.inside("lab"), run_id=started))


@calls(pipelines.cancel)
def cancel(world: World) -> Prepared:
    started = _started(world)
    return changing(lambda desk: pipelines.cancel(desk, world.inside("lab"), run_id=started), "run", events=1)


@calls(spend.ledger)
def ledger(world: World) -> Prepared:
    return Prepared(lambda desk: spend.ledger(desk, world.inside("lab"), wanted=spend.LedgerFilter()))


@calls(spend.budgets)
def budgets(world: World) -> Prepared:
    return Prepared(lambda desk: spend.budgets(desk, world.inside("lab")))


@calls(spend.totals)
def totals(world: World) -> Prepared:
    return Prepared(lambda desk: spend.totals(desk, world.inside("lab")))


@calls(spend.one_call)
def one_call(world: World) -> Prepared:
    scope = world.inside("lab")
    assert scope.workspace
    row = FACTORIES["usage_record"](scope.workspace)
    with world.desk.database.begin(scope) as tx:
        tx.execute(usage_record.insert(), row)
    return Prepared(lambda desk: spend.one_call(desk, scope, request_id=row["request_id"]))


@calls(spend.by_day)
def by_day(world: World) -> Prepared:
    return Prepared(lambda desk: spend.by_day(desk, world.inside("lab"), days=30))


@calls(spend.today)
def today(world: World) -> Prepared:
    return Prepared(lambda desk: spend.today(desk, world.inside("lab")))


@calls(gateway.provider_to_test)
def provider_to_test(world: World) -> Prepared:
    world.declare("Provider", "sim", {"dialect": "openai", "base_url": "https://sim.example"})
    return changing(lambda desk: gateway.provider_to_test(desk, world.home, name="sim"))


@calls(gateway.provider_tested)
def provider_tested(world: World) -> Prepared:
    world.declare("Provider", "sim", {"dialect": "openai", "base_url": "https://sim.example"})
    trial = ProviderTrial(address="https://sim.example", works=True)
    return changing(lambda desk: gateway.provider_tested(desk, world.home, name="sim", trial=trial))


@calls(serving.endpoint_to_try)
def endpoint_to_try(world: World) -> Prepared:
    declare_gate(world)
    packaging = Packaging(signature=Signature(inputs=(), outputs=()), sample=())
    servable = msgspec.json.decode(msgspec.json.encode(packaging))
    scope, new = world.inside("lab"), new_model(signature=servable)
    version = registry.register_model(world.desk, scope, signer=world.keys.models, new=new)
    registry.approve(world.desk, scope, name="iris", version=1, digest=approval_digest(version))
    world.declare("Endpoint", "iris", {"model": "iris", "version": 1}, "lab")
    return changing(lambda desk: serving.endpoint_to_try(desk, scope, name="iris"))


def new_artifact(kind: str, digest: str = DIGEST) -> NewArtifact:
    return NewArtifact(
        kind=kind, digest=digest, size=7, media_type="application/octet-stream", name=kind, producer="test"
    )


def new_dataset(name: str = "flowers") -> NewDataset:
    return NewDataset(
        name=name, artifact=new_artifact("dataset"), rows=1, schema=[], profile={}, provenance={}
    )


def new_model(name: str = "iris", **changes: Any) -> NewModel:
    base = NewModel(
        name=name,
        artifact=new_artifact("model"),
        format="onnx",
        signature={},
        metrics={"accuracy": 0.9},
        evidence=[Evidence("evaluation", digest_of(b"report"), 6)],
    )
    return msgspec.structs.replace(base, **changes)


@calls(registry.take_out)
def take_out(world: World) -> Prepared:
    _register_dataset(world, world.desk)
    return changing(lambda desk: registry.take_out(desk, world.inside("lab"), digest=DIGEST))


def _register_dataset(world: World, desk: Desk) -> Any:
    return registry.register_dataset(desk, world.inside("lab"), new=new_dataset())


@calls(registry.register_dataset)
def register_dataset(world: World) -> Prepared:
    return changing(
        lambda desk: _register_dataset(world, desk), "artifact", "dataset_version", "lineage_edge", events=1
    )


@calls(registry.dataset)
def dataset(world: World) -> Prepared:
    _register_dataset(world, world.desk)
    return Prepared(lambda desk: registry.dataset(desk, world.inside("lab"), name="flowers"))


@calls(registry.dataset_for_run)
def dataset_for_run(world: World) -> Prepared:
    _register_dataset(world, world.desk)
    run_id = world.desk.ids.new()
    return changing(
        lambda desk: registry.dataset_for_run(
            desk, world.inside("lab"), name="flowers", version=None, run_id=run_id
        ),
        "lineage_edge",
    )


@calls(registry.datasets)
def datasets(world: World) -> Prepared:
    return Prepared(lambda desk: registry.datasets(desk, world.inside("lab")))


def declare_gate(world: World, workspace: str = "lab") -> None:
    world.declare("Gate", "default", {"metrics": {"accuracy": {"min": 0.8}}}, workspace)


def send_model(world: World, desk: Desk) -> ModelVersion:
    return registry.register_model(desk, world.inside("lab"), signer=world.keys.models, new=new_model())


@calls(registry.register_model)
def register_model(world: World) -> Prepared:
    declare_gate(world)
    return changing(
        lambda desk: send_model(world, desk),
        "artifact",
        "model_version",
        "model_stage",
        "lineage_edge",
        "approval",
        events=1,
    )


def _gated(world: World) -> ModelVersion:
    declare_gate(world)
    return send_model(world, world.desk)


@calls(registry.model)
def model(world: World) -> Prepared:
    _gated(world)
    return Prepared(lambda desk: registry.model(desk, world.inside("lab"), name="iris"))


@calls(registry.models)
def models(world: World) -> Prepared:
    return Prepared(lambda desk: registry.models(desk, world.inside("lab")))


@calls(registry.lineage)
def lineage(world: World) -> Prepared:
    _gated(world)
    return Prepared(lambda desk: registry.lineage(desk, world.inside("lab"), name="iris"))


@calls(registry.pending)
def pending(world: World) -> Prepared:
    return Prepared(lambda desk: registry.pending(desk, world.inside("lab")))


@calls(registry.approval)
def approval(world: World) -> Prepared:
    _gated(world)
    (waiting,) = registry.pending(world.desk, world.inside("lab"))
    return Prepared(lambda desk: registry.approval(desk, world.inside("lab"), approval_id=waiting.id))


@calls(registry.approve)
def approve(world: World) -> Prepared:
    digest = approval_digest(_gated(world))
    return changing(
        lambda desk: registry.approve(desk, world.inside("lab"), name="iris", version=1, digest=digest),
        "approval",
        "model_stage",
        events=1,
    )


@calls(registry.refuse)
def refuse(world: World) -> Prepared:
    digest = approval_digest(_gated(world))
    return changing(
        lambda desk: registry.refuse(
            desk, world.inside("lab"), name="iris", version=1, digest=digest, comment="not yet"
        ),
        "approval",
        "model_stage",
        events=1,
    )


@calls(data.source_to_read)
def source_to_read(world: World) -> Prepared:
    world.declare("Source", "flowers", {"path": "/data/flowers.csv"}, "lab")
    return Prepared(lambda desk: data.source_to_read(desk, world.inside("lab"), name="flowers"))
