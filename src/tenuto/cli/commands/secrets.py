"""Secrets: ``tenuto secret``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tenuto.cli import asking
from tenuto.cli.groups import group
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import Line, short_time, show, table
from tenuto.cli.session import platform
from tenuto.client.words import Items, SecretInfo

app = group(
    "secret",
    "Write secrets that are used and never shown.",
    "tenuto secret set openai-key < key.txt",
    "tenuto secret list",
)


@app.command(name="set")
def write(name: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """Write a secret, or its next version. The value is asked for, or read from standard input.

    A provider's key belongs to the organisation: write it without a workspace.

        tenuto secret set openai-key
        tenuto secret set openai-key < key.txt

    Args:
        name: What things that use it call it.
    """
    value = asking.ask_secret("Value", "standard input") if sys.stdin.isatty() else sys.stdin.read()
    with platform(options) as client:
        written = client.identities.write_secret(name, value=value.rstrip("\r\n"))
    show(written, lambda one: [f"secret {one.name}, version {one.version}"], as_json=options.json)


@app.command(name="list")
def list_secrets(*, options: Platform = ANY_PLATFORM) -> None:
    """List which secrets there are. Values are never read back.

    For example:

        tenuto secret list
    """
    with platform(options) as client:
        found = client.identities.secrets()
    show(Items(found), lambda told: _secrets(told.items), as_json=options.json)


@app.command
def delete(name: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """Take a secret away. What uses it stops working.

    For example:

        tenuto secret delete openai-key

    Args:
        name: The name of the secret.
    """
    with platform(options) as client:
        done = client.identities.delete_secret(name)
    show(done, lambda _: [f"secret {name} is gone"], as_json=options.json)


def _secrets(found: Sequence[SecretInfo]) -> list[Line]:
    rows = [(one.name, one.version, short_time(one.updated_at)) for one in found]
    return table(["NAME", "VERSION", "WRITTEN"], rows, empty="no secrets")
