"""Every way to tamper with the log, and what the verification says of it."""

from __future__ import annotations

import msgspec
import pytest

from audit_samples import KEY, ORIGIN, Log, record, row
from tenuto.govern.checkpoints import SigningKey
from tenuto.govern.merkle import leaf_hash
from tenuto.govern.verify import LogRow, ProblemKind, Report, Unreadable, verify_log
from tenuto.govern.verify.findings import MOST_PROBLEMS

pytestmark = pytest.mark.capability("C7")

K = ProblemKind
SOUND = Log.of(20, writers=3, every=5, pending=4)


def _kinds(report: Report) -> set[ProblemKind]:
    assert report.ok == (not report.problems)
    return {problem.kind for problem in report.problems}


def _places(report: Report, kind: ProblemKind) -> list[tuple[int | None, int | None]]:
    return [(problem.seq, problem.through) for problem in report.problems if problem.kind is kind]


def _codes(report: Report) -> tuple[set[str], set[str]]:
    return {each.code for each in report.proven}, {each.code for each in report.unproven}


@pytest.mark.parametrize("size", [0, 1, 2, 4, 5, 6, 20])
@pytest.mark.parametrize("writers", [1, 3])
@pytest.mark.parametrize("pending", [0, 3])
def test_a_sound_log_passes_and_says_what_is_unproven(size: int, writers: int, pending: int) -> None:
    log = Log.of(size, writers=writers, pending=pending)
    inside = log.verify()
    assert inside.ok
    assert (inside.records, inside.pending, inside.writers) == (size, pending, writers)
    assert inside.tail_proven is None
    open_still = {"pending"} if pending else set()
    assert _codes(inside) == ({"leaves", "signed", "complete"}, {"tail"} | open_still)
    outside = log.verify(outside=True)
    assert outside.ok
    assert outside.tail_proven == size
    assert _codes(outside) == ({"leaves", "signed", "complete", "tail"}, open_still)


def test_an_older_outside_checkpoint_proves_as_far_as_it_goes() -> None:
    log = SOUND.copy()
    log.outside = [log.checkpoint(12)]
    report = log.verify(outside=True)
    assert report.ok
    assert report.tail_proven == 12
    assert _codes(report)[1] == {"pending", "tail_after"}


def test_a_record_slipped_in_before_it_has_a_place_is_not_called_proven() -> None:
    """Its writer's count is raised with it, and nothing signed says otherwise."""
    log = SOUND.copy()
    writer = log.pending[-1].writer
    log.writers[writer] += 1
    log.pending.append(row(None, record(500, writer, log.writers[writer])))
    report = log.verify(outside=True)
    assert report.ok
    assert {each.sentence.partition(",")[0] for each in report.proven if each.code == "complete"} == {
        "Up to record 20"
    }
    assert [each.code for each in report.unproven] == ["pending"]
    assert "the 5 records that have no place yet" in report.unproven[0].sentence


def test_records_after_the_newest_checkpoint_are_named() -> None:
    log = SOUND.copy()
    del log.checkpoints[-1]
    report = log.verify()
    assert report.ok
    assert [each.sentence for each in report.unproven if each.code == "not_signed"] == [
        "No checkpoint covers records 16 to 20 yet."
    ]


@pytest.mark.parametrize("place", range(20))
def test_an_edited_record_is_found_at_its_place(place: int) -> None:
    report = SOUND.copy().edited(place, outcome="nothing happened").verify()
    assert _kinds(report) == {K.EDITED}
    (problem,) = report.problems
    assert (problem.seq, problem.record) == (place + 1, SOUND.rows[place].id)
    assert "leaves" not in _codes(report)[0]


@pytest.mark.parametrize("place", range(20))
def test_an_edited_leaf_is_found_at_its_place_and_against_the_checkpoint(place: int) -> None:
    log = SOUND.copy()
    log.rows[place] = msgspec.structs.replace(log.rows[place], leaf=leaf_hash(b"other"))
    report = log.verify()
    assert _kinds(report) == {K.EDITED, K.ROOT_MISMATCH}
    assert _places(report, K.EDITED) == [(place + 1, None)]


@pytest.mark.parametrize("place", range(20))
def test_an_edit_with_its_leaf_recomputed_is_found_between_two_checkpoints(place: int) -> None:
    report = SOUND.copy().edited(place, leaf_too=True, outcome="nothing").verify()
    assert _kinds(report) == {K.ROOT_MISMATCH}
    start = place // 5 * 5
    assert _places(report, K.ROOT_MISMATCH) == [(start + 1, start + 5)]
    assert not report.ok


@pytest.mark.parametrize("place", range(20))
def test_a_deleted_record_is_found_at_its_place(place: int) -> None:
    log = SOUND.copy()
    del log.rows[place]
    report = log.verify()
    if place == 19:  # the last: the tail is cut
        assert _kinds(report) == {K.CUT_TAIL}
        assert _places(report, K.CUT_TAIL)[0] == (20, 20)
    else:
        assert _kinds(report) == {K.DELETED}
        assert _places(report, K.DELETED) == [(place + 1, place + 1)]


@pytest.mark.parametrize("place", range(19))
def test_a_deleted_record_with_the_rest_renumbered_is_found(place: int) -> None:
    log = SOUND.copy()
    del log.rows[place]
    report = log.renumbered().verify()
    assert K.CUT_TAIL in _kinds(report)  # the newest checkpoint saw one record more
    start = place // 5 * 5
    if start < 15:
        assert _places(report, K.ROOT_MISMATCH) == [(start + 1, start + 5)]
    gone = f"Writer w{place % 3} counted number {place // 3 + 1},"
    (told,) = [problem for problem in report.problems if problem.sentence.startswith(gone)]
    assert told.kind is (K.DELETED if place < 13 else K.CUT_TAIL)
    assert told.seq is not None
    assert place < told.seq <= place + 3  # where the writer's next number stands


@pytest.mark.parametrize(("one", "other"), [(0, 1), (3, 7), (2, 5), (0, 19), (9, 10)])
def test_two_records_swapped_are_found(one: int, other: int) -> None:
    rows = list(SOUND.rows)
    rows[one], rows[other] = rows[other], rows[one]
    as_rows = SOUND.copy()
    as_rows.rows = list(rows)
    report = as_rows.verify()  # the rows keep their places: they only come in another order
    assert K.REORDERED in _kinds(report)
    in_places = SOUND.copy()
    in_places.rows = list(rows)
    report = in_places.renumbered().verify()
    assert K.ROOT_MISMATCH in _kinds(report)
    start = one // 5 * 5
    assert _places(report, K.ROOT_MISMATCH)[0] == (start + 1, start + 5)
    if one % 3 == other % 3:  # the same writer: its numbers show the very record
        assert (other + 1, None) in _places(report, K.REORDERED)


def test_a_forged_record_is_found_whatever_number_it_claims() -> None:
    for writer, writer_seq in [("w0", 3), ("w0", 999), ("w1", 0), ("w2", -4), ("stranger", 1)]:
        log = SOUND.copy()
        log.rows.insert(7, row(None, record(500, writer, writer_seq)))
        report = log.renumbered().verify()
        assert {K.INSERTED, K.ROOT_MISMATCH} <= _kinds(report), (writer, writer_seq)
        assert _places(report, K.ROOT_MISMATCH) == [(6, 10)]


def test_a_forged_record_in_a_place_that_is_taken_is_found() -> None:
    log = SOUND.copy()
    log.rows.insert(8, row(8, record(500, "w0", 3)))
    report = log.verify()
    assert (8, None) in _places(report, K.INSERTED)
    assert _codes(report)[1] == {"not_compared", "pending", "tail"}


def test_a_forged_record_among_those_without_a_place_is_found() -> None:
    log = SOUND.copy()
    log.pending.append(row(None, record(500, "w0", 2)))
    assert _kinds(log.verify()) == {K.INSERTED}
    log = SOUND.copy()
    log.pending[0] = msgspec.structs.replace(log.pending[0], leaf=leaf_hash(b"x"))
    assert _kinds(log.verify()) == {K.EDITED}


@pytest.mark.parametrize("place", range(4))
def test_a_record_that_vanished_before_it_got_a_place_is_found(place: int) -> None:
    log = SOUND.copy()
    gone = log.pending.pop(place)
    report = log.verify(outside=True)
    assert _kinds(report) == {K.LOST}
    assert f"Writer {gone.writer} counted number {gone.writer_seq}," in report.problems[0].sentence
    assert "complete" not in _codes(report)[0]


def test_a_record_that_vanished_while_the_log_went_on_is_found_at_its_place() -> None:
    """The row never reached the tree: all that was signed agrees, and only the writer's numbers tell."""
    log = SOUND.copy()
    del log.rows[7]
    log.rewritten()
    report = log.verify()
    assert _kinds(report) == {K.LOST}
    assert _places(report, K.LOST) == [(10, None)]  # where the writer's next number stands


def test_a_counter_set_back_or_removed_is_found() -> None:
    log = SOUND.copy()
    log.writers["w1"] -= 1
    assert _kinds(log.verify()) == {K.INSERTED}
    log = SOUND.copy()
    del log.writers["w1"]
    assert _kinds(log.verify()) == {K.INSERTED}
    log = SOUND.copy()
    log.writers["w1"] += 2
    assert _kinds(log.verify()) == {K.LOST}
    log.writers["w9"] = 1
    assert len(_places(log.verify(), K.LOST)) == 2


def _cut(log: Log, keep: int) -> Log:
    """The forger takes the tail off and adjusts everything inside."""
    log.rows = log.rows[:keep]
    log.pending = []
    log.checkpoints = [note for note in log.checkpoints if int(note.split("\n")[1]) <= keep]
    log.writers = {writer: sum(each.writer == writer for each in log.rows) for writer in log.writers}
    return log


@pytest.mark.parametrize("keep", [0, 1, 5, 12, 19])
def test_a_cut_tail_is_found_against_an_outside_checkpoint_only(keep: int) -> None:
    log = _cut(SOUND.copy(), keep)
    report = log.verify(outside=True)
    assert K.CUT_TAIL in _kinds(report)
    assert _places(report, K.CUT_TAIL) == [(keep + 1, 20)]
    assert report.tail_proven is None
    blind = log.verify()
    assert "tail" in _codes(blind)[1]
    # Nothing signed is left where the forger cut before the first checkpoint: that alone is told.
    assert _kinds(blind) == ({K.CHECKPOINTS_MISSING} if keep == 1 else set())


def test_a_tail_cut_by_a_careless_hand_is_found_inside() -> None:
    log = SOUND.copy()
    log.rows = log.rows[:18]
    report = log.verify()
    assert _kinds(report) == {K.CUT_TAIL}
    assert _places(report, K.CUT_TAIL)[0] == (19, 20)
    log.checkpoints.pop()
    assert _kinds(log.verify()) == {K.LOST}


def test_a_full_rewrite_with_the_signing_key_is_found_outside_only() -> None:
    log = SOUND.copy()
    log.edited(3, leaf_too=True, outcome="nothing").rewritten()
    blind = log.verify()
    assert blind.ok
    assert blind.tail_proven is None
    assert "tail" in _codes(blind)[1]
    report = log.verify(outside=True)
    assert _kinds(report) == {K.FORKED}  # both checkpoints over 20 records are signed
    assert report.tail_proven is None


def test_an_older_outside_checkpoint_and_the_rewritten_newer_ones_contradict() -> None:
    log = SOUND.copy()
    log.outside = [log.checkpoint(10)]
    log.edited(3, leaf_too=True, outcome="nothing").rewritten()
    report = log.verify(outside=True)
    assert _kinds(report) == {K.FORKED}
    assert _places(report, K.FORKED) == [(10, None)]


def test_a_full_rewrite_without_the_signing_key_is_found_inside() -> None:
    log = SOUND.copy()
    log.edited(3, leaf_too=True, outcome="nothing").rewritten(SigningKey(ORIGIN, bytes(32)))
    report = log.verify()
    assert {K.BAD_CHECKPOINT, K.CHECKPOINTS_MISSING} == _kinds(report)
    assert _places(report, K.BAD_CHECKPOINT) == [(None, None)] * 4


def test_removed_checkpoints_are_found() -> None:
    log = SOUND.copy()
    log.checkpoints = []
    assert _kinds(log.verify()) == {K.CHECKPOINTS_MISSING}
    assert log.verify(outside=True).ok


def test_a_checkpoint_with_a_bad_signature_is_named() -> None:
    log = SOUND.copy()
    log.checkpoints[1] = log.checkpoints[1].replace("\n10\n", "\n11\n")
    report = log.verify()
    assert _kinds(report) == {K.BAD_CHECKPOINT}
    assert report.problems[0].sentence.startswith("Checkpoint 2 of the log does not count")
    log = SOUND.copy()
    log.outside = ["not a checkpoint"]
    report = log.verify(outside=True)
    assert report.problems[0].sentence.startswith("Checkpoint 1 outside the log does not count")
    assert report.tail_proven is None


def test_two_roots_signed_for_one_size_are_a_fork() -> None:
    other = SOUND.copy().edited(0, leaf_too=True, outcome="nothing")
    log = SOUND.copy()
    log.outside = [other.checkpoint(20)]
    assert _kinds(log.verify(outside=True)) == {K.FORKED}


def test_checkpoints_may_come_in_any_order() -> None:
    log = SOUND.copy()
    log.checkpoints.reverse()
    assert log.verify(outside=True).ok


def test_an_outside_checkpoint_behind_a_deletion_is_not_taken_for_proof() -> None:
    log = SOUND.copy()
    del log.rows[2]
    report = log.verify(outside=True)
    assert report.tail_proven is None
    assert {"not_compared", "tail"} <= _codes(report)[1]


def test_a_row_with_no_place_where_all_have_one_is_found() -> None:
    log = SOUND.copy()
    log.rows[4] = msgspec.structs.replace(log.rows[4], seq=None)
    assert {K.INSERTED, K.DELETED} <= _kinds(log.verify())


def test_a_record_whose_place_outlived_it_is_missing_and_the_rest_is_still_proven() -> None:
    log = SOUND.copy()
    old = SOUND.rows[7]
    rows = [*log.rows[:7], Unreadable("Record 8", "its row is gone", 8, old.leaf, gone=True), *log.rows[8:]]
    report = verify_log(rows, log.pending, log.writers, log.checkpoints, KEY.verifier, log.outside)
    assert [(each.kind, each.seq) for each in report.problems] == [(K.DELETED, 8)]
    assert report.tail_proven == 20
    rows[7] = Unreadable("Record 8", "its row is not JSON", 8, leaf_hash(b"other"))
    report = verify_log(rows, log.pending, log.writers, log.checkpoints, KEY.verifier)
    assert _kinds(report) == {K.UNREADABLE, K.ROOT_MISMATCH}


def test_the_list_of_problems_is_bounded_and_the_count_is_not() -> None:
    size = MOST_PROBLEMS + 200
    rows = [LogRow(seq, bytes(32), b"{}", "id", "w0", seq) for seq in range(1, size + 1)]
    report = Log(rows=rows, writers={"w0": size}).verify()
    assert len(report.problems) == MOST_PROBLEMS
    assert report.problem_count == size + 1


def test_every_problem_says_what_to_do() -> None:
    log = SOUND.copy().edited(0, outcome="x")
    report = log.verify()
    assert all(problem.fix.endswith(".") and problem.sentence.endswith(".") for problem in report.problems)
    assert KEY.name == ORIGIN
