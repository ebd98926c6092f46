from __future__ import annotations

import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenuto.core.errors import Fault, TenutoError
from tenuto.govern.checkpoints import (
    Checkpoint,
    FolderSink,
    SigningKey,
    create_signing_key,
    load_signing_key,
    open_checkpoint,
    open_note,
    parse_verifier_key,
    sign_checkpoint,
    sign_note,
)
from tenuto.govern.errors import (
    KEY_FILE_BROKEN,
    KEY_FILE_EXISTS,
    KEY_FILE_MISSING,
    KEY_FILE_UNSAFE,
    NOTE_MALFORMED,
    NOTE_REFUSED,
    SINK_FAILED,
    SINK_INSIDE,
    VERIFIER_KEY_MALFORMED,
)

pytestmark = pytest.mark.capability("C7")

ORIGIN = "tenuto.example/audit"
KEY = SigningKey(ORIGIN, bytes(range(32)))
POINT = Checkpoint(ORIGIN, 1234, bytes(32), "2026-11-21T20:00:00.000000Z")
NOTE = sign_checkpoint(POINT, KEY)


def _refused(fault: Fault, ask: Callable[[], object]) -> TenutoError:
    with pytest.raises(TenutoError) as caught:
        ask()
    assert caught.value.fault is fault
    return caught.value


def test_the_text_is_a_c2sp_checkpoint() -> None:
    text, signature = NOTE.split("\n\n")
    assert text == f"{ORIGIN}\n1234\n{b64encode(bytes(32)).decode()}\ntime 2026-11-21T20:00:00.000000Z"
    dash, name, encoded = signature.removesuffix("\n").split(" ")
    assert (dash, name) == ("\u2014", ORIGIN)
    blob = b64decode(encoded)
    public = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
    assert blob[:4] == sha256(f"{ORIGIN}\n".encode() + b"\x01" + public.public_bytes_raw()).digest()[:4]
    public.verify(blob[4:], (text + "\n").encode())
    assert open_checkpoint(NOTE, KEY.verifier) == POINT


def test_the_note_of_the_specification_is_opened() -> None:
    """The example that C2SP signed-note and Go's note package give."""
    key = parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
        "KE6RyyBwJnAM=\n"
    )
    assert open_note(note, key).startswith("If you think")
    _refused(NOTE_REFUSED, lambda: open_note(note.replace("answer", "Answer"), key))


def test_any_changed_character_is_refused() -> None:
    for place, char in enumerate(NOTE):
        changed = NOTE[:place] + ("X" if char != "X" else "Y") + NOTE[place + 1 :]
        with pytest.raises(TenutoError):
            open_checkpoint(changed, KEY.verifier)


def test_another_key_or_another_log_is_refused() -> None:
    other = SigningKey(ORIGIN, bytes(32))
    _refused(NOTE_REFUSED, lambda: open_checkpoint(NOTE, other.verifier))
    foreign = Checkpoint("elsewhere/audit", 1, bytes(32), "")
    _refused(NOTE_REFUSED, lambda: sign_checkpoint(foreign, KEY))
    _refused(NOTE_REFUSED, lambda: open_checkpoint(sign_note(foreign.text(), KEY), KEY.verifier))


def test_signatures_of_unknown_witnesses_are_passed_over() -> None:
    witness = SigningKey("witness.example", bytes(range(1, 33)))
    line = sign_note(POINT.text(), witness).split("\n\n")[1]
    assert open_checkpoint(NOTE + line, KEY.verifier) == POINT
    assert (
        open_checkpoint(NOTE.split("\n\n")[0] + "\n\n" + line + NOTE.split("\n\n")[1], KEY.verifier) == POINT
    )


def test_one_false_signature_beside_a_true_one_is_refused() -> None:
    blob = bytearray(b64decode(NOTE.rsplit(" ", 1)[1]))
    blob[-1] ^= 1
    false = f"\u2014 {ORIGIN} {b64encode(blob).decode()}\n"
    _refused(NOTE_REFUSED, lambda: open_checkpoint(NOTE + false, KEY.verifier))


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        "text\n\nno dash\n",
        "text\n\n\u2014 name !!!\n",
        "text\n\n\u2014 name AAAA\n",
        "text\n\n\u2014 na+me AAAAAAAA\n",
        "text\n\n\u2014  AAAAAAAA\n",
        "text\n\n\u2014 name AAAAAAAA",
        "te\txt\n\n\u2014 name AAAAAAAA\n",
        "te\udc80xt\n\n\u2014 name AAAAAAAA\n",
        "t" * 20_000,
        "text\n\n" + "\u2014 name AAAAAAAA\n" * 65,
    ],
)
def test_what_is_not_a_note_is_said_to_be_none(note: str) -> None:
    _refused(NOTE_MALFORMED, lambda: open_note(note, KEY.verifier))


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n1\n",
        f"{ORIGIN}\n01\n{b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n-1\n{b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n\u0663\n{b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n1\n{b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\n1\n***\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    _refused(NOTE_MALFORMED, lambda: open_checkpoint(sign_note(text, KEY), KEY.verifier))


def test_unknown_extension_lines_are_allowed() -> None:
    note = sign_note(f"{ORIGIN}\n0\n{b64encode(bytes(32)).decode()}\nlater idea\n", KEY)
    assert open_checkpoint(note, KEY.verifier) == Checkpoint(ORIGIN, 0, bytes(32), "")


def test_a_key_is_made_once_private_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "audit.key"
    made = create_signing_key(path, ORIGIN, os.urandom)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    read = load_signing_key(path)
    assert str(read.verifier) == str(made.verifier)
    assert str(parse_verifier_key(str(read.verifier))) == str(read.verifier)
    assert repr(read) == f"SigningKey({ORIGIN!r})"
    _refused(KEY_FILE_EXISTS, lambda: create_signing_key(path, ORIGIN, os.urandom))
    assert str(load_signing_key(path).verifier) == str(made.verifier)
    assert [each.name for each in path.parent.iterdir()] == ["audit.key"]


def test_an_unsafe_missing_or_broken_key_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    _refused(KEY_FILE_MISSING, lambda: load_signing_key(path))
    create_signing_key(path, ORIGIN, os.urandom)
    for mode in (0o640, 0o604, 0o620, 0o610):
        path.chmod(mode)
        assert f"{mode:04o}" in _refused(KEY_FILE_UNSAFE, lambda: load_signing_key(path)).detail
    path.chmod(0o600)
    line = path.read_text()
    for broken in ("", "hello", line.replace("tenuto", "other"), line[:-9] + "\n", line + line):
        path.write_text(broken)
        error = _refused(KEY_FILE_BROKEN, lambda: load_signing_key(path))
        assert line.strip().split("+", 4)[4] not in str(error)
    path.unlink()
    path.mkdir(mode=0o700)
    _refused(KEY_FILE_BROKEN, lambda: load_signing_key(path))


@pytest.mark.parametrize(
    "line",
    ["", "name", "name+00000000+AAAA", str(KEY.verifier)[:-4] + "AAA=", "x" + str(KEY.verifier), "a b+00+AA"],
)
def test_what_is_not_a_public_key_is_said_to_be_none(line: str) -> None:
    _refused(VERIFIER_KEY_MALFORMED, lambda: parse_verifier_key(line))


def _point(size: int) -> str:
    return sign_checkpoint(Checkpoint(ORIGIN, size, bytes(32), "2026-11-21T20:00:00.000000Z"), KEY)


def test_the_sink_keeps_every_checkpoint_in_order(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path / "outside", tmp_path / "data")
    assert sink.latest() is None
    notes = [_point(size) for size in range(20)]
    for note in notes:
        sink.publish(note)
    again = FolderSink(tmp_path / "outside", tmp_path / "data")
    assert again.latest() == notes[-1]
    assert list(again.history()) == notes


def test_the_sink_begins_a_new_file_before_one_grows_too_large(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path / "outside", tmp_path / "data", largest_file=1000)
    notes = [_point(size) for size in range(20)]
    for note in notes:
        sink.publish(note)
    assert len(list((tmp_path / "outside").iterdir())) > 2
    (tmp_path / "outside" / "checkpoints-000001.jsonl").unlink()
    sink.publish(_point(20))
    assert sink.latest() == _point(20)


def test_a_write_torn_at_any_byte_loses_only_itself(tmp_path: Path) -> None:
    folder = tmp_path / "outside"
    sink = FolderSink(folder, tmp_path / "data")
    sink.publish(_point(1))
    file = folder / "checkpoints-000001.jsonl"
    whole = file.read_bytes()
    line = msgspec.json.encode(_point(2)) + b"\n"
    for length in range(len(line)):
        file.write_bytes(whole + line[:length])
        complete = length == len(line) - 1  # only the end of the line is missing
        assert sink.latest() == _point(2 if complete else 1)
        sink.publish(_point(3))
        assert sink.latest() == _point(3)
        assert list(sink.history()) == [_point(1), *([_point(2)] if complete else []), _point(3)]


def test_a_first_write_torn_in_a_new_file_leaves_the_older_files_answer(tmp_path: Path) -> None:
    folder = tmp_path / "outside"
    sink = FolderSink(folder, tmp_path / "data")
    sink.publish(_point(1))
    (folder / "checkpoints-000002.jsonl").write_bytes(b'"half\xff')
    assert sink.latest() == _point(1)


def test_the_sink_lies_outside_the_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "link").symlink_to(data)
    for inside in (data, data / "checkpoints", tmp_path / "link" / "x", data / ".." / "data" / "y"):
        _refused(SINK_INSIDE, lambda inside=inside: FolderSink(inside, data))


def test_a_sink_that_cannot_be_written_says_so_and_may_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("a file where the folder should be")
    sink = FolderSink(tmp_path / "outside", tmp_path / "data")
    assert _refused(SINK_FAILED, lambda: sink.publish(_point(1))).fault.retryable
    (tmp_path / "outside").unlink()
    sink.publish(_point(1))
    (tmp_path / "outside" / "checkpoints-000001.jsonl").rename(tmp_path / "elsewhere")
    (tmp_path / "outside" / "checkpoints-000001.jsonl").symlink_to(tmp_path / "elsewhere")
    _refused(SINK_FAILED, lambda: sink.publish(_point(2)))
    (tmp_path / "elsewhere").unlink()
    _refused(SINK_FAILED, sink.latest)
    _refused(SINK_FAILED, lambda: list(sink.history()))
    _refused(NOTE_MALFORMED, lambda: sink.publish("x" * 20_000))
