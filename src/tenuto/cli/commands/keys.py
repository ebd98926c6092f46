"""API keys: ``tenuto key``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Annotated

from cyclopts import Parameter

from tenuto.cli.groups import group
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import Line, note, short_time, show, table
from tenuto.cli.session import platform
from tenuto.client.api import Tenuto
from tenuto.client.words import Items, KeyInfo, MadeKey

app = group(
    "key",
    "Make, list and revoke API keys.",
    "tenuto key create shop --workspace production",
    "tenuto key list --workspace production",
)


_CALLED = ("Route", "Endpoint")


class Purpose(Enum):
    GATEWAY = "gateway"
    PLATFORM = "platform"


@app.command
def create(
    name: str,
    /,
    *,
    purpose: Purpose = Purpose.GATEWAY,
    account: Annotated[str | None, Parameter(show_default=False)] = None,
    model: Annotated[list[str] | None, Parameter(negative="", show_default=False)] = None,
    days: int = 90,
    options: Platform = ANY_PLATFORM,
) -> None:
    """Make a key, and print it this once.

    A gateway key calls models and endpoints of one workspace; a platform key works with the API, like you do.

        tenuto key create shop --workspace production
        tenuto key create shop --model chat --model churn --days 30 --workspace production
        tenuto key create nightly --purpose platform --account nightly-training

    Args:
        name: What the key is called.
        purpose: What it is good for.
        account: The service account that it is for; yourself when left out.
        model: A route or endpoint that it may call, once for each; all that its holder may when left out.
        days: How long it is good.
    """
    with platform(options) as client:
        missing = _missing(client, model or []) if purpose is Purpose.GATEWAY else []
        made = client.identities.create_key(
            name=name, purpose=purpose.value, account=account, models=model, days=days
        )
    for one in missing:
        note(f"no route or endpoint is called {one} yet")
    show(made, _made, as_json=options.json)


@app.command(name="list")
def list_keys(*, options: Platform = ANY_PLATFORM) -> None:
    """List keys, never the secret in them: those of a workspace, or of all when none is named.

    For example:

        tenuto key list
        tenuto key list --workspace production
    """
    with platform(options) as client:
        found = client.identities.keys()
    show(Items(found), lambda told: _keys(told.items), as_json=options.json)


@app.command
def revoke(key: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """End a key at once, on every gateway.

    For example:

        tenuto key revoke 4fT9qLw2cXo8s1VbRn6yKe

    Args:
        key: The id of the key, as `tenuto key list` shows it.
    """
    with platform(options) as client:
        ended = client.identities.revoke_key(key)
    show(ended, lambda one: [f"key {one.name} ({one.id}) is revoked"], as_json=options.json)


def _missing(client: Tenuto, names: Sequence[str]) -> list[str]:
    """Return what is not declared. A key may be made first, so this is worth a word and no refusal."""
    if not names:
        return []
    known = {one.name for kind in _CALLED for one in client.resources.listing(kind)}
    return [one for one in names if one not in known]


def _made(made: MadeKey) -> Iterator[Line]:
    yield made.key
    yield f"for {made.info.actor.name}, {made.info.purpose}, until {short_time(made.info.expires_at)}"
    yield "this is the only time it is shown"


def _keys(found: Sequence[KeyInfo]) -> list[Line]:
    rows = [
        (
            one.id,
            one.name,
            one.purpose,
            one.actor.name,
            short_time(one.expires_at),
            short_time(one.revoked_at),
        )
        for one in found
    ]
    return table(["ID", "NAME", "PURPOSE", "FOR", "EXPIRES", "REVOKED"], rows, empty="no keys")
