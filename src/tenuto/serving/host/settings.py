"""How a prediction server is started. Nothing here comes from the environment."""

from __future__ import annotations

import ipaddress
import socket
import stat
from pathlib import Path

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import HOST_ADDRESS
from tenuto.serving.models.native import NativeSettings

_LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes


class HostSettings(msgspec.Struct, frozen=True):
    """Give either ``uds`` (a path) or ``address`` (``127.0.0.1:8001``, ``[::1]:8001``).

    The server asks nobody who they are: whoever can reach its address may predict. That is why it listens on
    a socket file of its owner, or on loopback, and nowhere else. On its way out it waits ``grace_seconds``
    for requests under way.
    """

    uds: str | None = None
    address: str | None = None
    body_bytes: int = 32 << 20
    body_seconds: float = 30.0
    grace_seconds: int = 10
    native: NativeSettings = NativeSettings()


def socket_path(text: str) -> Path:
    """Return the path, free to bind: a socket left by a killed server is removed. Raises ``HOST_ADDRESS``."""
    path = Path(text).absolute()
    if len(str(path).encode()) > _LONGEST_SOCKET_PATH:
        raise TenutoError(HOST_ADDRESS, f"{path} is longer than {_LONGEST_SOCKET_PATH} bytes")
    if not path.parent.is_dir():
        raise TenutoError(HOST_ADDRESS, f"{path.parent} is no folder")
    if path.exists():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise TenutoError(HOST_ADDRESS, f"{path} exists and is no socket")
        if _answers(path):
            raise TenutoError(HOST_ADDRESS, f"somebody listens on {path} already")
        path.unlink()
    return path


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def loopback(text: str) -> tuple[str, int]:
    """Return host and port. Raises ``HOST_ADDRESS`` for anything but a loopback address with a free port."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        local = ipaddress.ip_address(host).is_loopback
        number = int(port)
    except ValueError as error:
        raise TenutoError(HOST_ADDRESS, f"{text!r} is not ADDRESS:PORT") from error
    if not local or not 0 < number < 1 << 16:
        raise TenutoError(HOST_ADDRESS, f"{text!r} is not on loopback, or has no usable port")
    _require_free(host, number)
    return host, number


def _require_free(host: str, port: int) -> None:
    """Granian shares a port with whoever else shares it; two servers on one would answer in turns."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise TenutoError(HOST_ADDRESS, f"{host}:{port}: {error.strerror}") from error
