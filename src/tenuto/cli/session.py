"""The platform that a command speaks to, as whom, and in which workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from tenuto.app.settings import read_client_settings
from tenuto.cli.errors import SIGNED_OUT, WORKSPACE_MISSING
from tenuto.cli.logins import Logins
from tenuto.cli.naming import find_kind
from tenuto.cli.options import Platform
from tenuto.client.api import Tenuto
from tenuto.client.http import parse_address
from tenuto.core.errors import FaultKind, TenutoError

DEFAULT_ADDRESS = "http://127.0.0.1:8484"
_WORKSPACE = "workspace"


class Place(msgspec.Struct, frozen=True):
    """What the options, the environment and the kept sign-ins say together. Options go before the rest."""

    address: str
    token: str | None
    workspace: str | None
    logins: Logins


def place_of(options: Platform) -> Place:
    settings = read_client_settings()
    logins = Logins(settings.config_folder)
    given = options.url or settings.url or logins.last_address() or DEFAULT_ADDRESS
    address = str(parse_address(given))
    kept = None if settings.token else logins.of(address)
    token = settings.token or (kept.key if kept else None)
    return Place(address, token, options.workspace or settings.workspace or None, logins)


@contextmanager
def platform(options: Platform) -> Iterator[Tenuto]:
    """Give the client of the platform that the options name."""
    place = place_of(options)
    with Tenuto(place.address, place.token, place.workspace) as client:
        try:
            yield client
        except TenutoError as error:
            if error.fault.kind is FaultKind.UNAUTHENTICATED and place.token is None:
                raise TenutoError(SIGNED_OUT, place.address) from error
            raise


def require_workspace(options: Platform) -> str:
    workspace = place_of(options).workspace
    if workspace is None:
        raise TenutoError(WORKSPACE_MISSING)
    return workspace


def kind_here(client: Tenuto, text: str, options: Platform, besides: Sequence[str] = ()) -> str:
    """Return the name of the kind that ``text`` means. Raises when it lives in a workspace and none is named."""
    found = find_kind(client, text, besides)
    if found.level == _WORKSPACE and place_of(options).workspace is None:
        raise TenutoError(WORKSPACE_MISSING, f"{found.name} lives in a workspace")
    return found.name
