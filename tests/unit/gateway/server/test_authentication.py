"""Which of the headers that clients use holds the key."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import KEYS_CONTRADICT
from tenuto.gateway.server.authentication import token_of
from tenuto.gateway.server.transport import Exchange
from tenuto.testing.gateway_ports import MemoryKeys

pytestmark = pytest.mark.capability("G10")

ONE, OTHER = "sk-k1-secret", "sk-k2-secret"


class Sent:
    """A call of which only the headers are looked at."""

    def __init__(self, **headers: str) -> None:
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def header(self, name: str) -> str:
        return self._headers.get(name, "")


def token(**headers: str) -> str:
    return token_of(cast("Exchange", cast("Any", Sent(**headers))), MemoryKeys())


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"authorization": f"Bearer {ONE}"}, ONE),
        ({"authorization": f"bearer   {ONE} "}, ONE),
        ({"x_api_key": f" {ONE} "}, ONE),
        ({"api_key": ONE}, ONE),
        ({"authorization": f"Bearer {ONE}", "x_api_key": ONE}, ONE),
        ({"authorization": "Bearer dummy", "x_api_key": ONE}, ONE),
        ({"authorization": f"Bearer {ONE}", "x_api_key": "dummy"}, ONE),
        ({"authorization": "Bearer broken"}, "broken"),
        ({"authorization": f"Basic {ONE}"}, ""),
        ({}, ""),
    ],
)
def test_the_key_is_taken_from_the_header_that_holds_it(headers: dict[str, str], found: str) -> None:
    assert token(**headers) == found


@pytest.mark.parametrize("second", ["x_api_key", "api_key"])
def test_two_keys_are_refused_and_neither_is_repeated(second: str) -> None:
    with pytest.raises(TenutoError) as caught:
        token(authorization=f"Bearer {ONE}", **{second: OTHER})
    assert caught.value.fault is KEYS_CONTRADICT
    assert not {one for one in (ONE, OTHER) if one in str(caught.value.as_json())}
