"""From registration to traffic: what was looked at is approved, and what was approved is served."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.platform import BEN
from support.use_case_calls import declare_gate, new_artifact, new_dataset, new_model
from support.world import World
from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.govern.approvals.words import ApprovalState
from tenuto.registry import queries
from tenuto.registry import use_cases as registry
from tenuto.registry.attestations import Ed25519Signer, attest, require_attested
from tenuto.registry.rules import approval_digest
from tenuto.registry.words import CheckResult, Edge, Evidence, ModelVersion, Stage
from tenuto.serving.declared.words import Packaging
from tenuto.serving.words import Signature
from tenuto.store.database import Role

PACKAGING = Packaging(signature=Signature(inputs=(), outputs=()), sample=())
SERVABLE = msgspec.json.decode(msgspec.json.encode(PACKAGING))
DEPLOYED = {"model": "iris", "version": 1}


@pytest.fixture
def scope(world: World) -> Scope:
    declare_gate(world)
    return world.inside("lab")


def register(world: World, scope: Scope, **changes: Any) -> ModelVersion:
    new = new_model(**({"signature": SERVABLE} | changes))
    return registry.register_model(world.desk, scope, signer=world.keys.models, new=new)


def approve(world: World, scope: Scope, version: ModelVersion, digest: str = "") -> ModelVersion:
    return registry.approve(
        world.desk,
        msgspec.structs.replace(scope, actor=BEN),
        name=version.name,
        version=version.version,
        digest=digest or approval_digest(version),
    )


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(TenutoError) as caught:
        call()
    return caught.value.fault.code


def tamper(world: World, table: str, change: str) -> None:
    """Change what was made as an administrator of the database could."""
    with world.desk.database.begin(world.home, Role.OWNER) as tx:
        tx.execute(sa.text(f"alter table {table} disable trigger user"))
        tx.execute(sa.text(f"alter table {table} no force row level security"))
        tx.execute(sa.text(f"update {table} set {change}"))  # noqa: S608 (the test's own text)


def test_a_version_that_passes_waits_for_a_person(world: World, scope: Scope) -> None:
    version = register(world, scope)
    assert version.stage is Stage.GATED
    (waiting,) = registry.pending(world.desk, scope)
    assert (waiting.subject_id, waiting.subject_digest) == (version.id, approval_digest(version))
    assert (waiting.state, waiting.authors) == (ApprovalState.WAITING, version.authors)
    assert registry.model(world.desk, scope, name="iris") == version


def test_a_version_that_does_not_pass_is_blocked_and_asks_nobody(world: World, scope: Scope) -> None:
    version = register(world, scope, metrics={"accuracy": 0.5})
    assert version.gate is not None
    assert (version.stage, version.gate.passed) == (Stage.BLOCKED, False)
    assert registry.pending(world.desk, scope) == []
    assert code_of(lambda: approve(world, scope, version)) == "registry.not_gated"


def test_a_gate_of_its_own_name_goes_before_the_default(world: World, scope: Scope) -> None:
    world.declare("Gate", "iris", {"metrics": {"accuracy": {"min": 0.95}}}, "lab")
    assert register(world, scope).stage is Stage.BLOCKED
    assert register(world, scope, name="other").stage is Stage.GATED


def test_without_a_gate_nothing_gets_through(world: World) -> None:
    version = register(world, world.inside("lab"))
    assert version.gate is not None
    assert [check.result for check in version.gate.checks] == [CheckResult.NOT_RUN]
    assert version.stage is Stage.BLOCKED


@pytest.mark.capability("M10")
def test_a_decision_is_made_once_on_exactly_what_was_shown(world: World, scope: Scope) -> None:
    version = register(world, scope)
    assert code_of(lambda: approve(world, scope, version, digest_of(b"x"))) == "registry.digest_moved_on"
    assert approve(world, scope, version).stage is Stage.APPROVED
    assert code_of(lambda: approve(world, scope, version)) == "registry.already_decided"
    assert registry.pending(world.desk, scope) == []
    (decided,) = registry.pending(world.desk, scope, state=ApprovalState.APPROVED)
    assert decided.decided_by == BEN.id


@pytest.mark.capability("M10")
@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("model_version", f"digest = '{digest_of(b'other')}'"),
        (
            "model_version",
            f"""evidence = '[{{"kind": "evaluation", "digest": "{digest_of(b"x")}", "size": 1}}]'""",
        ),
        ("model_version", "attestation = '{}'"),
        ("model_stage", "gate = jsonb_set(gate, '{gate_version}', '7')"),
        ("model_stage", "gate = jsonb_set(gate, '{checks,0,result}', '\"fail\"')"),
        ("approval", f"subject_digest = '{digest_of(b'other')}'"),
    ],
)
def test_what_changed_after_it_was_shown_is_not_approved(
    world: World, scope: Scope, table: str, change: str
) -> None:
    version = register(world, scope)
    tamper(world, table, change)
    assert code_of(lambda: approve(world, scope, version)) == "registry.digest_moved_on"
    assert registry.model(world.desk, scope, name="iris").stage is Stage.GATED


def test_of_two_decisions_at_once_one_counts(world: World, scope: Scope) -> None:
    version = register(world, scope)
    together = threading.Barrier(2)

    def decide(verb: str) -> str:
        together.wait(10)
        try:
            if verb == "approve":
                return approve(world, scope, version).stage.value
            refused = registry.refuse(
                world.desk,
                msgspec.structs.replace(scope, actor=BEN),
                name="iris",
                version=1,
                digest=approval_digest(version),
                comment="no",
            )
        except TenutoError as error:
            return error.fault.code
        return refused.stage.value

    with ThreadPoolExecutor(2) as pool:
        ended = set(pool.map(decide, ["approve", "refuse"]))
    assert "registry.already_decided" in ended
    assert registry.model(world.desk, scope, name="iris").stage.value in ended


@pytest.mark.capability("M2")
def test_numbers_of_versions_have_no_gap_and_no_double(world: World, scope: Scope) -> None:
    together = threading.Barrier(4)

    def make(number: int) -> tuple[int, int]:
        together.wait(10)
        model = register(world, scope, name="iris" if number % 2 else "rose")
        return number % 2, model.version

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(make, range(4))) == [(0, 1), (0, 2), (1, 1), (1, 2)]
    other = world.declare_workspace("other")
    assert register(world, other).version == 1, "each workspace counts for itself"
    datasets = [registry.register_dataset(world.desk, scope, new=new_dataset()) for _ in range(3)]
    assert [one.version for one in datasets] == [1, 2, 3]
    assert registry.dataset(world.desk, scope, name="flowers").version == 3
    assert registry.dataset(world.desk, scope, name="flowers", version=2).version == 2
    assert (
        code_of(lambda: registry.dataset(world.desk, scope, name="flowers", version=4))
        == "registry.version_unknown"
    )


@pytest.mark.capability("M2")
def test_lineage_leads_from_the_source_to_the_endpoint(world: World, scope: Scope) -> None:
    new = msgspec.structs.replace(new_dataset(), provenance={"source": "flowers.csv"})
    data = registry.register_dataset(world.desk, scope, new=new)
    run_id = world.desk.ids.new()
    registry.dataset_for_run(world.desk, scope, name="flowers", version=None, run_id=run_id)
    registry.dataset_for_run(world.desk, scope, name="flowers", version=1, run_id=run_id)
    model = register(world, scope, inputs=[Edge("Run", run_id, "ModelVersion", "", "produced_by")])
    found = {(one.from_kind, one.to_kind, one.relation) for one in ancestry(world, scope)}
    assert found == {
        ("Source", "Dataset", "ingested_from"),
        ("Dataset", "Run", "read_by"),
        ("Run", "ModelVersion", "produced_by"),
        ("Evidence", "ModelVersion", "evaluation"),
    }
    assert {one.to_id for one in ancestry(world, scope)} == {data.id, run_id, model.id}


def ancestry(world: World, scope: Scope) -> list[Edge]:
    return registry.lineage(world.desk, scope, name="iris")


def test_a_circle_in_the_lineage_ends(world: World, scope: Scope) -> None:
    model = register(world, scope)
    with world.desk.database.begin(scope) as tx:
        queries.link(
            tx,
            [
                Edge("ModelVersion", model.id, "Run", "again", "read_by"),
                Edge("Run", "again", "ModelVersion", model.id, "produced_by"),
            ],
        )
    assert len(ancestry(world, scope)) == 3


def test_what_was_made_in_one_workspace_is_not_known_in_another(world: World, scope: Scope) -> None:
    register(world, scope)
    other = world.declare_workspace("other")
    assert registry.models(world.desk, other) == []
    assert code_of(lambda: registry.model(world.desk, other, name="iris")) == "registry.version_unknown"
    digest = new_artifact("model").digest
    assert code_of(lambda: registry.take_out(world.desk, other, digest=digest)) == "registry.artifact_unknown"
    assert code_of(lambda: register(world, world.home)) == "registry.version_unknown"


def test_a_metric_that_is_no_number_is_refused(world: World, scope: Scope) -> None:
    assert (
        code_of(lambda: register(world, scope, metrics={"accuracy": float("nan")})) == "store.value_refused"
    )
    assert registry.models(world.desk, scope) == []


# Attestations.


def test_a_statement_holds_for_its_bytes_and_its_key_only() -> None:
    signer = Ed25519Signer("key", Ed25519PrivateKey.generate())
    digest, other = digest_of(b"model"), digest_of(b"other")
    envelope = attest(signer, "iris", digest, {"evidence": []})
    assert require_attested(signer.public_key, envelope, digest) == {"evidence": []}
    stranger = Ed25519Signer("key", Ed25519PrivateKey.generate())
    forged = attest(stranger, "iris", digest, {"evidence": []})
    signature = msgspec.json.decode(envelope)["signatures"]
    swapped = msgspec.json.decode(attest(signer, "iris", other, {})) | {"signatures": signature}
    for wrong, about in (
        (envelope, other),
        (forged, digest),
        (msgspec.json.encode(swapped).decode(), other),
        ("{}", digest),
        ("not json", digest),
        ('{"payload": "?", "signatures": []}', digest),
        ('{"payload": "", "signatures": [{"keyid": "key", "sig": "!"}]}', digest),
    ):
        assert (
            code_of(lambda w=wrong, a=about: require_attested(signer.public_key, w, a))
            == "registry.attestation_invalid"
        )


@pytest.mark.capability("M10")
def test_only_an_approved_and_attested_version_goes_into_traffic(world: World, scope: Scope) -> None:
    version = register(world, scope)
    assert code_of(lambda: world.declare("Endpoint", "iris", DEPLOYED, "lab")) == "registry.not_approved"
    approve(world, scope, version)
    world.declare("Endpoint", "iris", DEPLOYED, "lab")
    unknown = DEPLOYED | {"version": 7}
    assert code_of(lambda: world.declare("Endpoint", "rose", unknown, "lab")) == "registry.version_unknown"
    other = world.declare_workspace("other")
    assert code_of(lambda: world.declare("Endpoint", "rose", DEPLOYED, "other")) == "registry.version_unknown"
    declare_gate(world, "other")
    approve(world, other, register(world, other))
    assert (
        code_of(lambda: world.declare("Endpoint", "iris", DEPLOYED, "other")) == "serving.endpoint_name_taken"
    )


@pytest.mark.capability("M10")
def test_what_a_person_refused_is_not_said_to_wait_for_approval(world: World, scope: Scope) -> None:
    version = register(world, scope)
    registry.refuse(
        world.desk,
        msgspec.structs.replace(scope, actor=BEN),
        name=version.name,
        version=version.version,
        digest=approval_digest(version),
        comment="no",
    )
    assert code_of(lambda: world.declare("Endpoint", "iris", DEPLOYED, "lab")) == "registry.already_decided"


@pytest.mark.capability("M10")
@pytest.mark.parametrize("change", ["digest", "forged", "other"])
def test_bytes_that_the_signature_does_not_hold_for_are_never_deployed(
    world: World, scope: Scope, change: str
) -> None:
    version = approve(world, scope, register(world, scope))
    stranger = Ed25519Signer("key", Ed25519PrivateKey.generate())
    values = {
        "digest": f"digest = '{digest_of(b'other')}'",
        "forged": f"attestation = '{attest(stranger, 'iris', version.digest, {})}'",
        "other": f"attestation = '{attest(world.keys.models, 'iris', digest_of(b'other'), {})}'",
    }
    tamper(world, "model_version", values[change])
    assert (
        code_of(lambda: world.declare("Endpoint", "iris", DEPLOYED, "lab")) == "registry.attestation_invalid"
    )


def test_a_version_that_does_not_say_how_it_is_served_is_not_deployed(world: World, scope: Scope) -> None:
    approve(world, scope, register(world, scope, signature={}))
    assert code_of(lambda: world.declare("Endpoint", "iris", DEPLOYED, "lab")) == "serving.model_not_servable"


def test_evidence_is_part_of_what_is_signed(world: World, scope: Scope) -> None:
    evidence = [Evidence("evaluation", digest_of(b"report"), 6), Evidence("scan", digest_of(b"scan"), 4)]
    version = register(world, scope, evidence=evidence)
    predicate = require_attested(world.keys.models.public_key, version.attestation, version.digest)
    assert [one["digest"] for one in predicate["evidence"]] == [one.digest for one in evidence]
    assert predicate["authors"] == version.authors


# Once for each step.


def made_by(producer: str) -> dict[str, Any]:
    return {"artifact": msgspec.structs.replace(new_artifact("model"), producer=producer)}


def test_a_step_that_registers_again_gets_what_it_registered(world: World, scope: Scope) -> None:
    """It died after the commit and before its journal: the second attempt makes no second version."""
    first = register(world, scope, **made_by("run:r1/register"))
    again = register(world, scope, **made_by("run:r1/register"))
    assert again == first
    assert register(world, scope, **made_by("run:r1/register/2")).version == 2
    assert register(world, scope, **made_by("upload")).version == 3
    assert register(world, scope, **made_by("upload")).version == 4, "only steps are made once"


def test_steps_that_register_at_once_make_one_version(world: World, scope: Scope) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: register(world, scope, **made_by("run:r1/register")), range(4)))
    assert {version.id for version in made} == {made[0].id}
    assert len(registry.models(world.desk, scope)) == 1


def test_the_database_keeps_a_step_to_one_version(world: World, scope: Scope) -> None:
    made = register(world, scope, **made_by("run:r1/register"))
    twin = msgspec.structs.replace(made, id=world.desk.ids.new(), version=2)
    with pytest.raises(TenutoError) as caught, world.desk.database.begin(scope) as tx:
        queries.insert_model(tx, twin)
    assert "uq_model_version_producer" in str(caught.value)
