"""The platform's port: looked at before anything is started for it."""

from __future__ import annotations

import socket

import msgspec

from tenuto.app.errors import PORT_TAKEN, SETTING_INVALID
from tenuto.app.settings import Settings
from tenuto.core.errors import TenutoError


def with_free_port(settings: Settings) -> Settings:
    """Return the settings with a port that nobody has: theirs, or any where they name none (0)."""
    return msgspec.structs.replace(settings, port=require_free(settings))


def require_free(settings: Settings) -> int:
    """Refuse a port that another program has: two servers on one port would share its connections."""
    try:
        socket.getaddrinfo(settings.host or " ", settings.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TenutoError(SETTING_INVALID, f"TENUTO_HOST: {settings.host!r}: {error.strerror}") from None
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise TenutoError(PORT_TAKEN, f"{settings.host}:{settings.port} ({error.strerror})") from None
        port: int = probe.getsockname()[1]
        return port
