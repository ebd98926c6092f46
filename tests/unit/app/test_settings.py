"""What the environment says, and what it may not say."""

from __future__ import annotations

import pytest

from tenuto.app.errors import SETTING_INVALID, SETTING_UNKNOWN
from tenuto.app.settings import Settings, read_settings
from tenuto.core.errors import TenutoError


def settings(**given: str) -> Settings:
    return read_settings({f"TENUTO_{name.upper()}": value for name, value in given.items()})


def test_people_are_told_the_address_that_the_platform_listens_on() -> None:
    assert settings(port="9000").address == "http://127.0.0.1:9000"
    assert settings(host="::1").address == "http://[::1]:8484"


@pytest.mark.parametrize(
    "address", ["https://tenuto.example.com", "https://tenuto.example.com:8443", "http://[::1]:80"]
)
def test_where_a_proxy_stands_before_people_are_told_its_address(address: str) -> None:
    assert settings(public_url=address).address == address


@pytest.mark.parametrize(
    "address",
    ["tenuto.example.com", "https://", "https://a/b", "https://a/", "ftp://a", "https://u@a", "https://a b"],
)
def test_an_address_that_is_none_stops_the_start(address: str) -> None:
    with pytest.raises(TenutoError) as refused:
        settings(public_url=address)
    assert refused.value.fault is SETTING_INVALID


def test_a_misspelt_setting_stops_the_start_with_the_nearest_name() -> None:
    with pytest.raises(TenutoError, match="did you mean TENUTO_PORT") as refused:
        settings(prt="9000")
    assert refused.value.fault is SETTING_UNKNOWN


def test_trusted_proxies_are_addresses_or_networks() -> None:
    shown = [str(one) for one in settings(trusted_proxies="127.0.0.1, 10.0.0.0/24,fd00::/8").proxies]
    assert shown == ["127.0.0.1/32", "10.0.0.0/24", "fd00::/8"]
    assert settings().proxies == ()


@pytest.mark.parametrize("proxies", ["proxy.example.com", "10.0.0.1/24", "10.0.0.256", "*"])
def test_a_proxy_that_is_no_address_stops_the_start(proxies: str) -> None:
    with pytest.raises(TenutoError, match="TENUTO_TRUSTED_PROXIES") as refused:
        settings(trusted_proxies=proxies)
    assert refused.value.fault is SETTING_INVALID
