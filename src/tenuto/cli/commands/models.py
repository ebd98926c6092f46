"""Models: ``tenuto model``."""

from __future__ import annotations

from collections.abc import Sequence

from tenuto.cli.groups import group
from tenuto.cli.naming import versioned
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import Line, show, table
from tenuto.cli.session import platform
from tenuto.cli.telling import model_lines, models
from tenuto.client.words import Edge, Items, Lineage

app = group(
    "model",
    "See model versions and what they were made of.",
    "tenuto model list --workspace lab",
    "tenuto model show churn@3 --workspace lab",
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


def _edges(edges: Sequence[Edge]) -> list[Line]:
    rows = [(one.from_kind, one.from_id, one.relation, one.to_kind, one.to_id) for one in edges]
    return table(["FROM", "ID", "RELATION", "TO", "ID"], rows, empty="no lineage is known")
