from __future__ import annotations

import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.errors import TenutoError
from tenuto.govern.apikeys import mint, parse
from tenuto.govern.errors import KEY_MALFORMED

ENVIRONMENTS = ("dev", "prod", "staging")
KEYS = [mint(environment, secrets.token_bytes).whole.reveal() for environment in ENVIRONMENTS]
CHARACTERS = string.ascii_letters + string.digits + "_-. é"


def _refused(text: str) -> None:
    with pytest.raises(TenutoError) as caught:
        parse(text)
    assert caught.value.fault is KEY_MALFORMED


@pytest.mark.parametrize("key", KEYS, ids=ENVIRONMENTS)
def test_any_one_wrong_character_is_refused(key: str) -> None:
    for place, char in enumerate(key):
        for other in CHARACTERS:
            if other != char:
                _refused(key[:place] + other + key[place + 1 :])


@pytest.mark.parametrize("key", KEYS, ids=ENVIRONMENTS)
def test_any_two_neighbours_swapped_are_refused(key: str) -> None:
    for place in range(len(key) - 1):
        if key[place] != key[place + 1]:
            _refused(key[:place] + key[place + 1] + key[place] + key[place + 2 :])


@pytest.mark.parametrize("key", KEYS, ids=ENVIRONMENTS)
def test_any_character_lost_or_added_is_refused(key: str) -> None:
    for place in range(len(key) + 1):
        _refused(key[:place] + key[place + 1 :] if place < len(key) else key + key[-1])
        _refused(key[:place] + "x" + key[place:])


@given(st.binary(min_size=48, max_size=48), st.from_regex(r"[a-z]{2,8}", fullmatch=True))
def test_whatever_the_entropy_the_key_reads_back(entropy: bytes, environment: str) -> None:
    parts = iter([entropy[:16], entropy[16:]])
    key = mint(environment, lambda size: next(parts))
    again = parse(key.whole.reveal())
    assert (again.environment, again.id, again.whole) == (environment, key.id, key.whole)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    _refused(text)
