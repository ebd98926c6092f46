"""Models: ``tenuto model``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from tenuto.cli.files import read_file
from tenuto.cli.groups import group
from tenuto.cli.naming import versioned
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import Line, show, table
from tenuto.cli.session import platform
from tenuto.cli.telling import model_lines, models
from tenuto.client.words import Edge, Items, Lineage, PublicKey
from tenuto.core.digests import digest_of_file
from tenuto.registry.attestations import read_public_key, require_attested

app = group(
    "model",
    "See model versions and what they were made of.",
    "tenuto model list --workspace lab",
    "tenuto model show churn@3 --workspace lab",
    "tenuto model verify churn@3 --workspace lab",
)


@app.command(name="list")
def list_models(*, options: Platform = ANY_PLATFORM) -> None:
    """List model versions, newest first.

    For example:

        tenuto model list --workspace lab
    """
    with platform(options) as client:
        found = client.registry.models()
    show(Items(found), lambda told: models(told.items), as_json=options.json)


@app.command(name="show")
def show_model(name: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """Tell all about a model version: metrics, evidence, gate, stage.

    For example:

        tenuto model show churn --workspace lab
        tenuto model show churn@3 --workspace lab --json

    Args:
        name: NAME or NAME@VERSION; the newest version when none is named.
    """
    with platform(options) as client:
        found = client.registry.model(*versioned(name))
    show(found, model_lines, as_json=options.json)


@app.command
def lineage(name: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """List everything that had a part in making a model version, back to the source.

    For example:

        tenuto model lineage churn@3 --workspace lab

    Args:
        name: NAME or NAME@VERSION; the newest version when none is named.
    """
    with platform(options) as client:
        edges = client.registry.lineage(*versioned(name))
    show(Lineage(edges), lambda told: _edges(told.edges), as_json=options.json)


@app.command
def key(*, options: Platform = ANY_PLATFORM) -> None:
    """Print the public key that `tenuto model verify` needs. Keep it where the platform cannot change it.

    For example:

        tenuto model key > models.pub
    """
    with platform(options) as client:
        found = client.registry.signing_key()
    show(PublicKey(found), lambda one: [one.key.strip()], as_json=options.json)


@app.command
def verify(name: str, /, *, key: Path | None = None, options: Platform = ANY_PLATFORM) -> None:
    """Fetch a model version's bytes and hold them against the statement that was signed about them.

    For example:

        tenuto model verify churn@3 --workspace lab
        tenuto model verify churn@3 --key models.pub --workspace lab

    Args:
        name: NAME or NAME@VERSION; the newest version when none is named.
        key: What `tenuto model key` printed; without it, the platform is believed about its own key.
    """
    with platform(options) as client, TemporaryDirectory() as folder:
        found = client.registry.model(*versioned(name))
        text = client.registry.signing_key() if key is None else read_file(key).decode("utf-8", "replace")
        copy = Path(folder) / "model"
        client.registry.artifact_content(found.digest, copy)
        digest = digest_of_file(copy)
    require_attested(read_public_key(text), found.attestation, digest)
    verified = Verified(found.name, found.version, digest)
    show(
        verified,
        lambda one: [f"{one.name}@{one.version}: the signature holds for {one.digest}"],
        as_json=options.json,
    )


class Verified(msgspec.Struct, frozen=True):
    """A model version whose bytes are those that were signed."""

    name: str
    version: int
    digest: str


def _edges(edges: Sequence[Edge]) -> list[Line]:
    rows = [(one.from_kind, one.from_id, one.relation, one.to_kind, one.to_id) for one in edges]
    return table(["FROM", "ID", "RELATION", "TO", "ID"], rows, empty="no lineage is known")
