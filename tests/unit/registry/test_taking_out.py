"""Bytes that leave: the right that is asked is that of what they are, and rows and models leave a record."""

from __future__ import annotations

import msgspec
import pytest
import sqlalchemy as sa

from support.platform import BEN
from support.use_case_calls import DIGEST, new_artifact, new_dataset, new_model, own_everything
from support.world import World
from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.govern.access.use_cases import grant
from tenuto.govern.audit_record import AuditRecord
from tenuto.pipelines.use_cases import submit_code
from tenuto.registry import use_cases as registry
from tenuto.registry.words import Evidence
from tenuto.store.database import Role

pytestmark = pytest.mark.capability("C4")

ROWS, MODEL, REPORT, CODE = (digest_of(word) for word in (b"rows", b"model", b"report", b"code"))
TAKEN = {"data_scientist": {ROWS, MODEL, REPORT, CODE}, "approver": {MODEL, REPORT, CODE}, "viewer": {REPORT}}


@pytest.fixture
def lab(world: World) -> Scope:
    """A workspace that holds a dataset, a model, a report about it, and code."""
    own_everything(world)
    scope = world.inside("lab")
    rows = msgspec.structs.replace(new_dataset(), artifact=new_artifact("dataset", ROWS))
    registry.register_dataset(world.desk, scope, new=rows)
    report = [Evidence("evaluation", REPORT, 6)]
    model = new_model(artifact=new_artifact("model", MODEL), evidence=report)
    registry.register_model(world.desk, scope, signer=world.keys.models, new=model)
    submit_code(world.desk, scope, digest=CODE, size=7, name="project")
    return scope


def make_ben(world: World, lab: Scope, role: str) -> None:
    grant(
        world.desk,
        lab,
        decider=world.decider,
        subject_kind="person",
        subject=f"{BEN.name.lower()}@example.org",
        role=role,
    )


def take(world: World, lab: Scope, digest: str) -> str:
    """Let Ben take the bytes out. Returns what he may not, if he may not."""
    strict = msgspec.structs.replace(world.desk, decider=world.decider)
    try:
        registry.take_out(strict, msgspec.structs.replace(lab, actor=BEN), digest=digest)
    except TenutoError as error:
        return str(error.context["action"])
    return ""


def bens_records(world: World) -> list[tuple[str, str, str]]:
    with world.desk.database.begin(world.home, Role.SYSTEM) as tx:
        bodies = tx.rows(sa.text("select body from audit_record order by at, writer_seq"))
        found = [msgspec.json.decode(bytes(row.body), type=AuditRecord) for row in bodies]
    return [(one.action, one.resource.kind, one.outcome) for one in found if one.actor.id == BEN.id]


@pytest.mark.parametrize("role", sorted(TAKEN))
@pytest.mark.parametrize("digest", [ROWS, MODEL, REPORT, CODE])
def test_the_right_is_that_of_what_the_bytes_are(world: World, lab: Scope, role: str, digest: str) -> None:
    asked = {
        ROWS: "registry:dataset:download",
        MODEL: "registry:model:download",
        CODE: "pipelines:code:read",
        REPORT: "",
    }
    make_ben(world, lab, role)
    assert take(world, lab, digest) == ("" if digest in TAKEN[role] else asked[digest])


def test_rows_and_models_that_leave_are_recorded_and_plain_reads_are_not(world: World, lab: Scope) -> None:
    make_ben(world, lab, "data_scientist")
    for digest in (ROWS, MODEL, REPORT, CODE):
        take(world, lab, digest)
    assert bens_records(world) == [
        ("registry:dataset:download", "Dataset", "done"),
        ("registry:model:download", "ModelVersion", "done"),
    ]


def test_what_a_viewer_is_refused_is_recorded(world: World, lab: Scope) -> None:
    make_ben(world, lab, "viewer")
    take(world, lab, ROWS)
    assert bens_records(world) == [("registry:dataset:download", "Dataset", "refused")]


def test_bytes_known_as_two_things_need_the_rights_to_both(world: World, lab: Scope) -> None:
    registry.register_model(world.desk, lab, signer=world.keys.models, new=new_model("twin"))
    submit_code(world.desk, lab, digest=DIGEST, size=7, name="project")
    make_ben(world, lab, "approver")
    assert take(world, lab, DIGEST) == ""
    registry.register_dataset(world.desk, lab, new=new_dataset())
    assert take(world, lab, DIGEST) == "registry:dataset:download"
