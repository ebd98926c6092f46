from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from audit_samples import KEY, ORIGIN, TIME, Log, record, row
from tenuto.core.errors import Fault, TenutoError
from tenuto.govern.checkpoints import SigningKey
from tenuto.govern.errors import BUNDLE_EXISTS, BUNDLE_UNREADABLE, VERIFIER_KEY_MALFORMED
from tenuto.govern.verify import ProblemKind, Unreadable, verify_bundle, write_bundle

pytestmark = pytest.mark.capability("C7")

PUBLIC = str(KEY.verifier)
LOG = Log.of(20, writers=2, pending=3)


@pytest.fixture(params=["bundle", "bundle.zip"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "out" / str(request.param)
    write_bundle(path, LOG.source())
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "bundle"
    write_bundle(path, LOG.source())
    return path


def _kinds(path: Path, **options: object) -> list[ProblemKind]:
    return [problem.kind for problem in verify_bundle(path, PUBLIC, **options).problems]  # type: ignore[arg-type]


def _refused(fault: Fault, ask: Callable[[], object]) -> TenutoError:
    with pytest.raises(TenutoError) as caught:
        ask()
    assert caught.value.fault is fault
    return caught.value


def test_a_bundle_is_written_once_private_and_verified_offline(bundle: Path) -> None:
    report = verify_bundle(bundle, PUBLIC, LOG.outside)
    assert report.ok
    assert (report.records, report.pending, report.writers, report.checkpoints) == (20, 3, 2, 5)
    assert report.tail_proven == 20
    assert verify_bundle(bundle, PUBLIC).tail_proven is None
    assert not stat.S_IMODE(bundle.stat().st_mode) & 0o077
    assert [each.name for each in bundle.parent.iterdir()] == [bundle.name]
    _refused(BUNDLE_EXISTS, lambda: write_bundle(bundle, LOG.source()))
    assert verify_bundle(bundle, PUBLIC).ok


def test_the_files_are_plain_lines(folder: Path) -> None:
    first = (folder / "records.jsonl").read_bytes().split(b"\n")[0]
    assert first == b'{"seq":1,"leaf":"%s","record":%s}' % (
        LOG.rows[0].leaf.hex().encode(),
        LOG.rows[0].content,
    )
    assert msgspec.json.decode((folder / "manifest.json").read_bytes()) == {
        "format": "tenuto-audit-bundle/1",
        "origin": ORIGIN,
        "created": TIME,
        "key": PUBLIC,
        "records": 20,
        "pending": 3,
        "writers": 2,
        "checkpoints": 4,
    }


def test_without_a_given_key_the_report_says_whose_word_it_takes(bundle: Path) -> None:
    report = verify_bundle(bundle)
    assert report.ok
    assert "key" in {each.code for each in report.unproven}


def test_another_key_is_refused(bundle: Path) -> None:
    other = str(SigningKey(ORIGIN, bytes(32)).verifier)
    kinds = {problem.kind for problem in verify_bundle(bundle, other).problems}
    assert kinds == {ProblemKind.BAD_CHECKPOINT, ProblemKind.CHECKPOINTS_MISSING}
    _refused(VERIFIER_KEY_MALFORMED, lambda: verify_bundle(bundle, "nonsense"))


def test_any_changed_byte_of_any_record_line_is_found(folder: Path) -> None:
    file = folder / "records.jsonl"
    whole = file.read_bytes()
    line = whole.split(b"\n")[7]
    start = whole.index(line)
    for place in range(0, len(line), 3):
        changed = bytearray(whole)
        changed[start + place] ^= 1
        file.write_bytes(changed)
        assert _kinds(folder), (place, bytes(changed[start : start + len(line)]))


def test_another_spelling_of_the_same_record_is_an_edit(folder: Path) -> None:
    file = folder / "records.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"record":{', b'"record":{ ', 1))
    assert _kinds(folder) == [ProblemKind.EDITED]


@pytest.mark.parametrize("added", ["before", "behind", "again"])
def test_what_a_line_says_beside_its_record_is_told(folder: Path, added: str) -> None:
    file = folder / "records.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    start, end = b'{"seq":8,', b"}\n"
    forged = lines[7][lines[7].index(b'"record":') : -2].replace(b"w0", b"w1")
    lines[7] = {
        "before": start + forged + b"," + lines[7].removeprefix(start),
        "behind": lines[7].removesuffix(end) + b',"actor":"Eve"' + end,
        "again": lines[7].removesuffix(end) + b"," + forged + end,
    }[added]
    file.write_bytes(b"".join(lines))
    assert ProblemKind.UNREADABLE in _kinds(folder)


@pytest.mark.parametrize("name", ["manifest.json", "records.jsonl", "writers.jsonl", "checkpoints.jsonl"])
def test_nesting_without_end_is_no_crash(folder: Path, name: str) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    line = {
        "manifest.json": b'{"format":%s}' % deep,
        "records.jsonl": b'{"seq":1,"leaf":"00","record":%s}\n' % deep,
        "writers.jsonl": b'{"writer":%s,"count":1}\n' % deep,
        "checkpoints.jsonl": deep + b"\n",
    }[name]
    (folder / name).write_bytes(line)
    try:
        assert _kinds(folder)
    except TenutoError as error:
        assert error.fault is BUNDLE_UNREADABLE  # noqa: PT017 (either is an answer)


def test_a_file_cut_short_is_incomplete(folder: Path) -> None:
    file = folder / "records.jsonl"
    file.write_bytes(file.read_bytes()[:-30])  # in the middle of the last line
    assert set(_kinds(folder)) == {ProblemKind.UNREADABLE, ProblemKind.CUT_TAIL}
    lines = file.read_bytes().split(b"\n")
    file.write_bytes(b"\n".join(lines[:15]) + b"\n")
    assert {ProblemKind.CUT_TAIL, ProblemKind.INCOMPLETE} <= set(_kinds(folder))


def test_a_broken_line_is_named_and_the_rest_is_still_read(folder: Path) -> None:
    file = folder / "records.jsonl"
    lines = file.read_bytes().split(b"\n")
    for broken in (b"", b"{", b'{"seq":1}', lines[3].replace(b'"leaf":"', b'"leaf":"zz'), b"\xff", b"[]"):
        file.write_bytes(b"\n".join([*lines[:3], broken, *lines[4:]]))
        report = verify_bundle(folder, PUBLIC)
        (unreadable,) = [each for each in report.problems if each.kind is ProblemKind.UNREADABLE]
        assert unreadable.sentence.startswith("Line 4 of records.jsonl cannot be read")
        assert report.records == 20
    file.write_bytes(b"\n".join(lines))
    with (folder / "pending.jsonl").open("ab") as pending:
        pending.write(b"{\n")
    assert _kinds(folder) == [ProblemKind.UNREADABLE, ProblemKind.INCOMPLETE]


def test_a_row_that_was_broken_when_exported_is_exported_as_that(folder: Path) -> None:
    old = LOG.rows[4]
    gone = Unreadable("Record 5", "its row is gone from the database", 5, old.leaf, gone=True)
    source = msgspec.structs.replace(
        LOG.source(),
        rows=[*LOG.rows[:4], gone, *LOG.rows[5:]],
        pending=[*LOG.pending, Unreadable("A record without a place", "its row is not JSON")],
    )
    shutil.rmtree(folder)
    write_bundle(folder, source)
    report = verify_bundle(folder, PUBLIC, LOG.outside)
    assert report.tail_proven == 20
    assert [each.sentence for each in report.problems] == [
        "Record 5 is missing: its row is gone from the database.",
        "Line 4 of pending.jsonl cannot be read: its row is not JSON.",
    ]


def test_broken_checkpoint_lines_are_named(folder: Path) -> None:
    with (folder / "checkpoints.jsonl").open("ab") as file:
        file.write(b"\xffgarbage\n")
    assert _kinds(folder) == [ProblemKind.BAD_CHECKPOINT, ProblemKind.INCOMPLETE]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.json", b"{"),
        ("manifest.json", b"{}"),
        ("manifest.json", b'{"format":"tenuto-audit-bundle/2"}'),
        ("writers.jsonl", b'{"writer":"w0"}\n'),
        ("writers.jsonl", b"\xff\n"),
        ("records.jsonl", b"x" * (5 << 20)),
    ],
)
def test_a_folder_that_is_no_bundle_is_refused(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    assert name in _refused(BUNDLE_UNREADABLE, lambda: verify_bundle(folder, PUBLIC)).detail


def test_a_bundle_of_a_later_format_is_refused(folder: Path) -> None:
    file = folder / "manifest.json"
    file.write_bytes(file.read_bytes().replace(b"bundle/1", b"bundle/2"))
    assert "bundle/2" in _refused(BUNDLE_UNREADABLE, lambda: verify_bundle(folder, PUBLIC)).detail


@pytest.mark.parametrize(
    "name", ["manifest.json", "records.jsonl", "pending.jsonl", "writers.jsonl", "checkpoints.jsonl"]
)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert name in _refused(BUNDLE_UNREADABLE, lambda: verify_bundle(folder, PUBLIC)).detail


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    _refused(BUNDLE_UNREADABLE, lambda: verify_bundle(path, PUBLIC))
    path.write_bytes(b"no zip")
    _refused(BUNDLE_UNREADABLE, lambda: verify_bundle(path, PUBLIC))
    path.unlink()
    write_bundle(path, LOG.source())
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        packed = archive.getinfo("records.jsonl")
    first = packed.header_offset + 100  # behind the header, whose times and the like nobody reads
    for start in range(first, packed.header_offset + packed.compress_size, 97):
        path.write_bytes(whole[:start] + b"\x00\xff" * 8 + whole[start + 16 :])
        try:
            found = verify_bundle(path, PUBLIC).problem_count
        except TenutoError as error:
            assert error.fault is BUNDLE_UNREADABLE  # noqa: PT017  either a refusal or a finding will do
        else:
            assert found
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", "{}")
    _refused(BUNDLE_UNREADABLE, lambda: verify_bundle(path, PUBLIC))


def test_an_export_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def rows() -> object:
        yield LOG.rows[0]
        raise OSError(28, "No space left on device")

    for name in ("b", "b.zip"):
        source = msgspec.structs.replace(LOG.source(), rows=rows())
        error = _refused_any(lambda name=name, source=source: write_bundle(tmp_path / name, source))
        assert error.fault.code == "store.disk_full"
        assert list(tmp_path.iterdir()) == []


def _refused_any(ask: Callable[[], object]) -> TenutoError:
    with pytest.raises(TenutoError) as caught:
        ask()
    return caught.value


def test_an_empty_log_and_one_record(tmp_path: Path) -> None:
    for size in (0, 1):
        log = Log.of(size)
        path = tmp_path / str(size)
        write_bundle(path, log.source())
        assert verify_bundle(path, PUBLIC, log.outside).tail_proven == size


def test_text_of_any_language_survives(tmp_path: Path) -> None:
    made = record(1, detail={"note": 'guillemets « é » \u2028 "quotes" \\ \n 漢字 🎼'}, writer="w0")
    log = Log(rows=[row(1, made)], writers={"w0": 1})
    log.checkpoints = [log.checkpoint(1)]
    write_bundle(tmp_path / "b", log.source())
    assert verify_bundle(tmp_path / "b", PUBLIC).ok


def test_a_cut_tail_of_a_copy_is_found_against_the_outside_checkpoint(folder: Path, tmp_path: Path) -> None:
    """The forger adjusts manifest, counters and checkpoints; only what was published outside tells."""
    cut = LOG.copy()
    cut.rows, cut.pending = cut.rows[:10], []
    cut.checkpoints = cut.checkpoints[:2]
    cut.writers = {"w0": 5, "w1": 5}
    shutil.rmtree(folder)
    write_bundle(folder, cut.source())
    blind = verify_bundle(folder, PUBLIC)
    assert blind.ok
    assert "tail" in {each.code for each in blind.unproven}
    assert _kinds(folder, outside=LOG.outside) == [ProblemKind.CUT_TAIL]
