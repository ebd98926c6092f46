from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tenuto.app.errors import PORT_TAKEN, SETTING_INVALID
from tenuto.app.ports import require_free, with_free_port
from tenuto.app.settings import Settings
from tenuto.core.errors import TenutoError


def test_a_port_that_somebody_has_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(home=Path("/nowhere"), port=taken.getsockname()[1])
        with pytest.raises(TenutoError) as raised:
            require_free(settings)
    assert raised.value.fault is PORT_TAKEN
    assert str(settings.port) in raised.value.detail


@pytest.mark.parametrize("host", ["", "nobody.invalid"])
def test_a_host_that_is_none_is_no_taken_port(host: str) -> None:
    with pytest.raises(TenutoError) as raised:
        require_free(Settings(home=Path("/nowhere"), host=host, port=0))
    assert raised.value.fault is SETTING_INVALID


def test_port_nought_is_any_free_one() -> None:
    found = with_free_port(Settings(home=Path("/nowhere"), port=0))
    assert found.port > 1024
    assert found.address == f"http://127.0.0.1:{found.port}"
    assert with_free_port(found) == found
