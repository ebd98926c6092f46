"""Where a ``next`` parameter may lead: to a page of this console, and nowhere else."""

from __future__ import annotations

from urllib.parse import urlsplit

from tenuto.core.errors import TenutoError
from tenuto.web.registry.registry import Registry
from tenuto.web.registry.words import Surface
from tenuto.web.security.paths import decoded_path

HOME = "/"
_LONGEST = 1_000  # characters


def safe_next(registry: Registry, wanted: str) -> str:
    """Return ``wanted`` if it is the address of a console page in plain relative form, else the home page."""
    if not wanted.startswith("/") or wanted.startswith("//") or len(wanted) > _LONGEST or not _plain(wanted):
        return HOME
    try:
        address = urlsplit(wanted)
        route = registry.match("GET", decoded_path(address.path.encode())).route
    except (TenutoError, ValueError):
        return HOME
    return wanted if route.surface is Surface.CONSOLE and not address.fragment else HOME


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not set(text) & set("\\ ")
