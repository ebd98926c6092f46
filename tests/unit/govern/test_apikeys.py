from __future__ import annotations

import hmac
import secrets

import pytest

from tenuto.core.errors import INVALID_VALUE, TenutoError
from tenuto.govern.apikeys import ApiKey, matches, mint, parse, stored_form
from tenuto.govern.errors import KEY_MALFORMED

PEPPER = bytes(range(32))


def _mint(environment: str = "prod") -> ApiKey:
    return mint(environment, secrets.token_bytes)


def test_a_key_has_the_form_that_scanners_look_for() -> None:
    key = mint("prod", lambda size: bytes([255]) * size)
    whole = key.whole.reveal()
    assert len(whole) == len("tnt_prod_") + 22 + 43 + 6
    assert whole == "tnt_prod_7n42DGM5Tflk9n8mt7Fhc7" + whole[31:]  # 2^128 - 1 in base 62
    assert parse(whole).id == key.id == "7n42DGM5Tflk9n8mt7Fhc7"
    assert mint("dev", bytes).id == "0" * 22


def test_keys_differ_and_show_no_secret() -> None:
    one, other = _mint(), _mint()
    assert one.id != other.id
    for text in (repr(one), str(one), one.shown):
        assert one.whole.reveal()[31:] not in text
    assert one.shown == f"tnt_prod_{one.id[:6]}…"


def test_the_stored_form_is_an_hmac_of_the_whole_key() -> None:
    key = _mint()
    stored = stored_form(key, PEPPER)
    assert stored == hmac.new(PEPPER, key.whole.reveal().encode(), "sha256").digest()
    assert matches(key, [stored], PEPPER)
    assert not matches(key, [stored], bytes(32))
    assert not matches(_mint(), [stored], PEPPER)
    assert not matches(key, [], PEPPER)
    with pytest.raises(TenutoError) as caught:
        stored_form(key, b"short")
    assert caught.value.fault is INVALID_VALUE


def test_a_rotation_keeps_the_id_and_both_secrets_work() -> None:
    old = _mint()
    new = mint("prod", secrets.token_bytes, key_id=old.id)
    assert new.id == old.id
    both = [stored_form(old, PEPPER), stored_form(new, PEPPER)]
    assert matches(old, both, PEPPER)
    assert matches(new, both, PEPPER)
    assert not matches(old, both[1:], PEPPER)


def test_the_environment_is_bound() -> None:
    """Who relabels a key and computes the checksum anew still does not match what is stored."""
    key = mint("dev", lambda size: bytes([7]) * size)
    relabelled = mint("prod", lambda size: bytes([7]) * size)
    assert relabelled.id == key.id
    assert not matches(relabelled, [stored_form(key, PEPPER)], PEPPER)


@pytest.mark.parametrize("environment", ["", "p", "PROD", "production", "pr od", "pré"])
def test_only_short_words_are_environments(environment: str) -> None:
    with pytest.raises(TenutoError) as caught:
        _mint(environment)
    assert caught.value.fault is INVALID_VALUE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begins with"),
        ("sk-abc", "begins with"),
        ("tnt_prod_abc", "3 characters behind its environment instead of 71"),
        ("tnt_prod_" + "é" * 71, "a character that keys do not have"),
        ("tnt_prod_" + "0" * 71, "checksum"),
        ("tnt_" + "0" * 100, "instead of 71"),
        ("tnt_prod_" + "٣" * 71, "a character that keys do not have"),
    ],
)
def test_what_is_wrong_is_said_without_repeating_the_key(text: str, said: str) -> None:
    with pytest.raises(TenutoError) as caught:
        parse(text)
    error = caught.value
    assert error.fault is KEY_MALFORMED
    assert said in error.detail
    assert not text or text not in str(error.as_json())
