from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import msgspec
import pytest

from tenuto.core.errors import Fault, TenutoError
from tenuto.govern.envelope import Envelope, SecretPlace, rewrap, seal, unseal
from tenuto.govern.errors import (
    KEY_FILE_BROKEN,
    KEY_FILE_BUSY,
    KEY_FILE_EXISTS,
    KEY_FILE_MISSING,
    KEY_FILE_UNSAFE,
    KEY_IN_USE,
    KEY_UNKNOWN,
    SECRET_UNREADABLE,
)
from tenuto.govern.keyring import FileKeyProvider
from tenuto.govern.secret_text import SecretText

pytestmark = pytest.mark.capability("C8")

PLACE = SecretPlace("ws-1", "provider_key", "openai", 3)
CANARY = SecretText("sk-canary-é-🔑")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "secrets.json"


@pytest.fixture
def keys(path: Path) -> FileKeyProvider:
    return FileKeyProvider.create(path, os.urandom)


def _refused(fault: Fault, ask: Callable[[], object]) -> TenutoError:
    with pytest.raises(TenutoError) as caught:
        ask()
    assert caught.value.fault is fault
    return caught.value


def test_what_is_sealed_opens_in_its_place(keys: FileKeyProvider) -> None:
    envelope = seal(PLACE, CANARY, keys, os.urandom)
    assert unseal(PLACE, envelope, keys) == CANARY
    assert unseal(PLACE, seal(PLACE, SecretText(""), keys, os.urandom), keys) == SecretText("")
    assert b"canary" not in msgspec.json.encode(envelope) + envelope.sealed
    assert repr(envelope) == f"Envelope(key_id={keys.newest!r})"
    assert seal(PLACE, CANARY, keys, os.urandom) != envelope


@pytest.mark.parametrize(
    "other",
    [
        SecretPlace("ws-2", "provider_key", "openai", 3),
        SecretPlace(None, "provider_key", "openai", 3),
        SecretPlace("ws-1", "webhook_key", "openai", 3),
        SecretPlace("ws-1", "provider_key", "anthropic", 3),
        SecretPlace("ws-1", "provider_key", "openai", 4),
        SecretPlace("ws-1", "provider_key/openai", "", 3),
    ],
)
def test_it_opens_in_no_other_place(keys: FileKeyProvider, other: SecretPlace) -> None:
    envelope = seal(PLACE, CANARY, keys, os.urandom)
    error = _refused(SECRET_UNREADABLE, lambda: unseal(other, envelope, keys))
    assert "canary" not in str(error)
    _refused(
        SECRET_UNREADABLE,
        lambda: unseal(other, _mixed(envelope, seal(other, CANARY, keys, os.urandom)), keys),
    )


def _mixed(one: Envelope, other: Envelope) -> Envelope:
    return Envelope(other.key_id, other.wrapped_key, one.sealed)


def test_no_two_places_are_spelled_alike() -> None:
    parts = ["a", "b/c", "b", "c", "a/b", ""]
    places = {SecretPlace(*three, 1).bound("key") for three in permutations(parts, 3)}
    assert len(places) == 6 * 5 * 4


def test_any_changed_byte_is_noticed(keys: FileKeyProvider) -> None:
    envelope = seal(PLACE, CANARY, keys, os.urandom)
    for field in ("wrapped_key", "sealed"):
        whole: bytes = getattr(envelope, field)
        for at in range(len(whole)):
            changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
            forged = msgspec.structs.replace(envelope, **{field: changed})
            _refused(SECRET_UNREADABLE, lambda forged=forged: unseal(PLACE, forged, keys))
        for cut in (b"", whole[:5], whole[:12], whole[:-1]):
            forged = msgspec.structs.replace(envelope, **{field: cut})
            _refused(SECRET_UNREADABLE, lambda forged=forged: unseal(PLACE, forged, keys))


def test_rotation_wraps_anew_without_touching_what_is_sealed(keys: FileKeyProvider, path: Path) -> None:
    first = keys.newest
    envelopes = {number: seal(_at(number), CANARY, keys, os.urandom) for number in range(20)}
    second = keys.rotate()
    assert keys.ids == [first, second]
    for number, envelope in envelopes.items():
        assert unseal(_at(number), envelope, keys) == CANARY  # reads go on while the rotation lasts
        moved = rewrap(_at(number), envelope, keys)
        assert (moved.key_id, moved.sealed) == (second, envelope.sealed)
        assert rewrap(_at(number), moved, keys) is moved
        envelopes[number] = moved
    _refused(KEY_IN_USE, lambda: keys.retire(second))
    keys.retire(first)
    reopened = FileKeyProvider(path, os.urandom)
    assert reopened.ids == [second]
    assert all(unseal(_at(number), each, reopened) == CANARY for number, each in envelopes.items())
    _refused(KEY_UNKNOWN, lambda: keys.retire(first))


def _at(number: int) -> SecretPlace:
    return SecretPlace("ws-1", "provider_key", str(number), 1)


def test_a_secret_under_a_lost_key_says_which_key(keys: FileKeyProvider, tmp_path: Path) -> None:
    envelope = seal(PLACE, CANARY, keys, os.urandom)
    other = FileKeyProvider.create(tmp_path / "other.json", os.urandom)
    assert keys.newest in _refused(KEY_UNKNOWN, lambda: unseal(PLACE, envelope, other)).detail


def test_a_rotation_by_another_process_is_seen_when_needed(keys: FileKeyProvider, path: Path) -> None:
    other = FileKeyProvider(path, os.urandom)
    other.rotate()
    envelope = seal(PLACE, CANARY, other, os.urandom)
    assert unseal(PLACE, envelope, keys) == CANARY
    assert keys.newest == other.newest
    third = keys.rotate()
    assert other.rotate() != third
    assert len(FileKeyProvider(path, os.urandom).ids) == 4  # neither rotation lost a key


def test_two_rotations_at_once_do_not_lose_a_key(keys: FileKeyProvider, path: Path) -> None:
    lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    _refused(KEY_FILE_BUSY, keys.rotate)
    os.close(lock)
    keys.rotate()
    assert len(keys.ids) == 2


def test_the_key_file_is_private_and_never_overwritten(keys: FileKeyProvider, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys.rotate()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    _refused(KEY_FILE_EXISTS, lambda: FileKeyProvider.create(path, os.urandom))
    assert path.read_bytes() == before
    assert not [each for each in path.parent.iterdir() if each.name not in {path.name, f".{path.name}.lock"}]


def test_a_key_file_that_others_can_read_is_refused(keys: FileKeyProvider, path: Path) -> None:
    for mode in (0o640, 0o604, 0o660, 0o601):
        path.chmod(mode)
        assert "chmod 600" in _refused(KEY_FILE_UNSAFE, lambda: FileKeyProvider(path, os.urandom)).fault.fix


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_key_file_of_another_user_is_refused(keys: FileKeyProvider, path: Path) -> None:
    os.chown(path, 65534, 65534)
    _refused(KEY_FILE_UNSAFE, lambda: FileKeyProvider(path, os.urandom))


def test_a_missing_or_broken_key_file_is_said_to_be_that(path: Path) -> None:
    _refused(KEY_FILE_MISSING, lambda: FileKeyProvider(path, os.urandom))
    keys = FileKeyProvider.create(path, os.urandom)
    whole = path.read_text()
    key = msgspec.json.decode(whole)["keys"][0]["key"]
    for broken in (
        "",
        "{}",
        whole.replace("keys/1", "keys/2"),
        whole.replace(key, key[:-8]),
        whole.replace(keys.newest, "k" + "0" * 16),
        '{"format":"tenuto-keys/1","keys":[]}',
    ):
        path.write_text(broken)
        error = _refused(KEY_FILE_BROKEN, lambda: FileKeyProvider(path, os.urandom))
        assert key[:20] not in str(error)
        assert error.__cause__ is None
    path.write_bytes(b"x" * (2 << 20))
    _refused(KEY_FILE_BROKEN, lambda: FileKeyProvider(path, os.urandom))
    path.unlink()
    os.mkfifo(path, 0o600)
    _refused(KEY_FILE_BROKEN, lambda: FileKeyProvider(path, os.urandom))


def test_no_key_shows_in_text(keys: FileKeyProvider, path: Path) -> None:
    key = msgspec.json.decode(path.read_bytes())["keys"][0]["key"]
    assert key not in repr(keys)
    assert key not in repr(keys._keys)
    assert repr(keys._keys) == f"(_Key({keys.newest!r}),)"
