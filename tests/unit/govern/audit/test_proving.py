"""What is proven of a single record, and how far the log is vouched for."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from support.platform import ANN
from tenuto.core.errors import TenutoError
from tenuto.core.words import Ref, Scope
from tenuto.govern.audit.checkpointing import checkpoint
from tenuto.govern.audit.sequencing import sequence
from tenuto.govern.audit.tables import audit_record
from tenuto.govern.audit.use_cases import Filter, Witness, entries, entry, state
from tenuto.govern.checkpoints import FolderSink, create_signing_key, load_signing_key
from tenuto.govern.errors import RECORD_UNKNOWN
from tenuto.govern.use_case import Case, Desk, use_case
from tenuto.store.database import Database, Role

SCOPE = Scope(ANN, None, "req", "127.0.0.1")


@use_case("test:thing:move")
def move(case: Case, *, number: int) -> None:
    thing = Ref("Thing", str(number))
    case.permit(thing)
    case.record(thing, {"number": number})


@pytest.fixture
def witness(tmp_path: Path, database: Database) -> Witness:
    key = create_signing_key(tmp_path / "keys" / "audit", "tenuto-test", secrets.token_bytes)
    (tmp_path / "data").mkdir()
    return Witness(database, key.verifier, FolderSink(tmp_path / "outside", tmp_path / "data"))


def _sign(desk: Desk, witness: Witness, tmp_path: Path) -> None:
    sequence(desk.database)
    checkpoint(desk.database, desk.clock, load_signing_key(tmp_path / "keys" / "audit"), witness.sink)


def _moved(desk: Desk, count: int = 7) -> list[str]:
    """Return the ids of the records, oldest first."""
    for number in range(count):
        move(desk, SCOPE, number=number)
    found = entries(desk, SCOPE, wanted=Filter(action="test:thing:move"))
    return [one.record.id for one in reversed(found)]


@pytest.mark.capability("C7")
def test_every_record_of_a_signed_log_is_proven_to_be_in_it(
    desk: Desk, witness: Witness, tmp_path: Path
) -> None:
    ids = _moved(desk)
    _sign(desk, witness, tmp_path)
    for record_id in ids:
        found = entry(desk, SCOPE, record_id=record_id, witness=witness)
        assert (found.proof.unedited, found.proof.included) == (True, True)
        assert found.proof.signed_size == 8  # seven, and the reading of the list


def test_a_record_is_proven_against_the_oldest_checkpoint_that_has_it(
    desk: Desk, witness: Witness, tmp_path: Path
) -> None:
    [first, *_] = _moved(desk, 1)
    _sign(desk, witness, tmp_path)
    _moved(desk, 3)
    _sign(desk, witness, tmp_path)
    assert entry(desk, SCOPE, record_id=first, witness=witness).proof.signed_size == 2


def test_a_record_without_a_place_is_not_proven_yet(desk: Desk, witness: Witness) -> None:
    [only] = _moved(desk, 1)
    found = entry(desk, SCOPE, record_id=only, witness=witness)
    assert (found.entry.seq, found.proof.unedited, found.proof.signed_size) == (None, True, None)


@pytest.mark.capability("C7")
def test_an_edited_record_and_one_that_was_never_signed_are_told(
    desk: Desk, witness: Witness, tmp_path: Path
) -> None:
    ids = _moved(desk)
    _sign(desk, witness, tmp_path)
    _as_administrator(desk, ids[2], {"action": "test:thing:hide"})
    edited = entry(desk, SCOPE, record_id=ids[2], witness=witness).proof
    assert (edited.unedited, edited.included) == (False, True)
    _as_administrator(desk, ids[3], {"leaf": bytes(32)})
    forged = entry(desk, SCOPE, record_id=ids[3], witness=witness).proof
    assert (forged.unedited, forged.included) == (False, False)


def _as_administrator(desk: Desk, record_id: str, values: dict[str, Any]) -> None:
    """Change a record as somebody could who rules the database."""
    with desk.database.begin(SCOPE, Role.OWNER) as tx:
        tx.execute(sa.text("alter table audit_record disable trigger user"))
        tx.execute(sa.text("alter table audit_record no force row level security"))
        tx.execute(sa.update(audit_record).where(audit_record.c.id == record_id).values(values))


def test_the_state_tells_how_far_the_log_is_vouched_for(desk: Desk, witness: Witness, tmp_path: Path) -> None:
    before = state(desk, SCOPE, witness=witness)
    assert (before.records, before.signed, before.outside) == (0, None, None)
    _moved(desk, 3)
    _sign(desk, witness, tmp_path)
    after = state(desk, SCOPE, witness=witness)
    assert after.signed is not None
    assert after.outside is not None
    assert (after.records, after.signed.size, after.outside.size) == (4, 4, 4)


def test_an_unknown_record_is_said_to_be_unknown(desk: Desk, witness: Witness) -> None:
    with pytest.raises(TenutoError) as refused:
        entry(desk, SCOPE, record_id="0193a000-0000-7000-8000-00000000ffff", witness=witness)
    assert refused.value.fault is RECORD_UNKNOWN
