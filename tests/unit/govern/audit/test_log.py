"""The audit log in a real database: what is written is provable, and what is tampered with is found."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from support.platform import ANN
from tenuto.core.errors import TenutoError
from tenuto.core.words import Event, Ref, Scope
from tenuto.govern.audit.checkpointing import checkpoint
from tenuto.govern.audit.sequencing import sequence
from tenuto.govern.audit.use_cases import Filter, Witness, entries, entry, export, verify
from tenuto.govern.checkpoints import FolderSink, create_signing_key, load_signing_key
from tenuto.govern.use_case import Case, Desk, use_case
from tenuto.govern.verify import ProblemKind, Report, verify_bundle
from tenuto.store.database import Database, Role

SCOPE = Scope(ANN, None, "req", "127.0.0.1")


@use_case("test:thing:do")
def do(case: Case, *, number: int, fail: bool = False) -> None:
    thing = Ref("Thing", str(number))
    case.permit(thing)
    case.record(thing, {"number": number}, [Event("thing.done", str(number))])
    if fail:
        raise RuntimeError("after the effect")


@pytest.fixture
def witness(tmp_path: Path, database: Database) -> Witness:
    key = create_signing_key(tmp_path / "keys" / "audit", "tenuto-test", secrets.token_bytes)
    (tmp_path / "data").mkdir()
    return Witness(database, key.verifier, FolderSink(tmp_path / "outside", tmp_path / "data"))


def sign(desk: Desk, witness: Witness, tmp_path: Path) -> None:
    sequence(desk.database)
    checkpoint(desk.database, desk.clock, load_signing_key(tmp_path / "keys" / "audit"), witness.sink)


def run_and_sign(desk: Desk, witness: Witness, tmp_path: Path, count: int = 20) -> None:
    for number in range(count):
        do(desk, SCOPE, number=number)
    sign(desk, witness, tmp_path)


def tamper(database: Database, *statements: str) -> None:
    """Change the log as an administrator of the database could: triggers off, any statement."""
    with database.begin(SCOPE, Role.OWNER) as tx:
        for table in ("audit_record", "audit_entry"):
            tx.execute(sa.text(f"alter table {table} disable trigger user"))
            tx.execute(sa.text(f"alter table {table} no force row level security"))
        for statement in statements:
            tx.execute(sa.text(statement))


def kinds(report: Report) -> set[ProblemKind]:
    return {problem.kind for problem in report.problems}


@pytest.mark.capability("C7")
def test_an_honest_log_verifies_online_and_offline(desk: Desk, witness: Witness, tmp_path: Path) -> None:
    run_and_sign(desk, witness, tmp_path)
    report = verify(desk, SCOPE, witness=witness)
    assert report.ok
    assert (report.records, report.tail_proven) == (20, 20)
    export(desk, SCOPE, witness=witness, target=tmp_path / "bundle.zip")
    offline = verify_bundle(tmp_path / "bundle.zip", str(witness.key), [witness.sink.latest() or ""])
    assert offline.ok
    # Verifying is itself recorded, and its record waits for its place.
    assert offline.pending == 1


def test_records_of_many_writers_are_all_there(desk: Desk, witness: Witness, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: do(desk, SCOPE, number=number), range(100)))
    sign(desk, witness, tmp_path)
    report = verify(desk, SCOPE, witness=witness)
    assert report.ok
    assert report.records == 100
    assert report.writers > 1


def test_what_failed_after_its_effect_leaves_no_record(desk: Desk, witness: Witness, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        do(desk, SCOPE, number=1, fail=True)
    do(desk, SCOPE, number=2)
    sign(desk, witness, tmp_path)
    report = verify(desk, SCOPE, witness=witness)
    assert report.ok
    assert report.records == 1


def test_without_a_checkpoint_outside_the_tail_is_said_to_be_unproven(
    desk: Desk, witness: Witness, tmp_path: Path
) -> None:
    run_and_sign(desk, witness, tmp_path)
    nobody = msgspec.structs.replace(witness, sink=FolderSink(tmp_path / "empty", tmp_path / "data"))
    report = verify(desk, SCOPE, witness=nobody)
    assert report.ok
    assert report.tail_proven is None


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["update audit_record set actor_id = 'somebody' where writer_seq = 7"], ProblemKind.EDITED),
        (["update audit_record set at = at + interval '1 hour' where writer_seq = 7"], ProblemKind.EDITED),
        (["update audit_entry set leaf = decode(repeat('00', 32), 'hex') where seq = 7"], ProblemKind.EDITED),
        (["delete from audit_record where writer_seq = 7"], ProblemKind.DELETED),
        (["delete from audit_entry where seq = 7"], ProblemKind.DELETED),
        (["delete from audit_entry where seq > 15"], ProblemKind.CUT_TAIL),
    ],
)
def test_tampering_is_found(
    statements: list[str], found: ProblemKind, desk: Desk, witness: Witness, tmp_path: Path
) -> None:
    run_and_sign(desk, witness, tmp_path)
    tamper(desk.database, *statements)
    report = verify(desk, SCOPE, witness=witness)
    assert not report.ok
    assert found in kinds(report)


def test_a_record_that_vanishes_before_it_is_sequenced_is_missed(
    desk: Desk, witness: Witness, tmp_path: Path
) -> None:
    for number in range(3):
        do(desk, SCOPE, number=number)
    tamper(
        desk.database,
        "delete from audit_pending where record_id in (select id from audit_record where writer_seq = 3)",
        "delete from audit_record where writer_seq = 3",
    )
    sign(desk, witness, tmp_path)
    assert kinds(verify(desk, SCOPE, witness=witness)) == {ProblemKind.LOST}


def test_a_sink_that_is_away_gets_what_it_missed_later(desk: Desk, witness: Witness, tmp_path: Path) -> None:
    assert witness.sink.latest() is None
    key = load_signing_key(tmp_path / "keys" / "audit")
    do(desk, SCOPE, number=1)
    sequence(desk.database)
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(TenutoError) as caught:
        checkpoint(desk.database, desk.clock, key, FolderSink(blocked, tmp_path / "data"))
    assert caught.value.fault.code == "govern.sink_failed"
    do(desk, SCOPE, number=2)
    sequence(desk.database)
    sink = FolderSink(tmp_path / "outside", tmp_path / "data")
    assert checkpoint(desk.database, desk.clock, key, sink)
    assert [note.splitlines()[1] for note in sink.history()] == ["1", "2"]


@pytest.mark.capability("C7")
def test_records_are_found_by_what_people_search_for(desk: Desk) -> None:
    for number in range(5):
        do(desk, SCOPE, number=number)
    sequence(desk.database)
    do(desk, SCOPE, number=5)
    everything = entries(desk, SCOPE, wanted=Filter())
    assert [one.seq for one in everything] == [None, 5, 4, 3, 2, 1]
    assert entries(desk, SCOPE, wanted=Filter(resource="3"))[0].record.detail == {"number": 3}
    assert entries(desk, SCOPE, wanted=Filter(actor="nobody")) == []
    last = everything[2].record
    older = entries(desk, SCOPE, wanted=Filter(before=(datetime.fromisoformat(last.time), last.id)))
    assert [one.seq for one in older] == [3, 2, 1]


@pytest.mark.capability("C7")
def test_a_scope_reads_its_own_records_and_no_other(
    desk: Desk, witness: Witness, make_workspace: Callable[..., Scope]
) -> None:
    """The organisation's records too stay with those who may read the organisation's log."""
    places = [SCOPE, make_workspace("one"), make_workspace("two")]
    for number, place in enumerate(places):
        do(desk, place, number=number)
    found = {}
    for number, place in enumerate(places):
        [own] = entries(desk, place, wanted=Filter(action="test:thing:do"))
        assert (own.record.workspace, own.record.detail) == (place.workspace, {"number": number})
        everything = entries(desk, place, wanted=Filter())
        assert {one.record.workspace for one in everything} == {place.workspace}
        found[place.workspace] = own.record.id
    for place in places:
        for workspace, record in found.items():
            if workspace == place.workspace:
                assert entry(desk, place, record_id=record, witness=witness).entry.record.id == record
            else:
                with pytest.raises(TenutoError) as caught:
                    entry(desk, place, record_id=record, witness=witness)
                assert caught.value.fault.code == "govern.record_unknown"


@pytest.mark.capability("C7")
def test_what_is_verified_and_exported_reaches_up_to_this_moment(
    desk: Desk, witness: Witness, tmp_path: Path
) -> None:
    run_and_sign(desk, witness, tmp_path, count=2)
    do(desk, SCOPE, number=2)
    assert verify(desk, SCOPE, witness=witness).tail_proven == 2

    def catch_up() -> None:
        sign(desk, witness, tmp_path)

    assert verify(desk, SCOPE, witness=witness, catch_up=catch_up).tail_proven == 4
    manifest = export(desk, SCOPE, witness=witness, target=tmp_path / "log.zip", catch_up=catch_up)
    assert manifest.records == 5
