"""Data: ``tenuto dataset``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from tenuto.cli.groups import group
from tenuto.cli.naming import versioned
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import show
from tenuto.cli.progress import working
from tenuto.cli.session import platform
from tenuto.cli.telling import dataset_lines, datasets
from tenuto.client.words import Items

app = group(
    "dataset",
    "Take data in from sources; see dataset versions.",
    "tenuto dataset ingest customers --workspace lab",
    "tenuto dataset show customers@2 --workspace lab",
)


@app.command
def ingest(
    source: str,
    /,
    *,
    dataset: Annotated[str, Parameter(show_default=False)] = "",
    options: Platform = ANY_PLATFORM,
) -> None:
    """Read a source as it is now into the next version of a dataset, with schema, profile and origin.

    For example:

        tenuto dataset ingest customers --workspace lab
        tenuto dataset ingest customers --dataset churn-training --workspace lab

    Args:
        source: The name of a declared Source.
        dataset: The dataset; named like the source when left out.
    """
    with platform(options) as client, working(f"reading {source}", as_json=options.json):
        made = client.registry.ingest(source, dataset=dataset or source)
    show(made, dataset_lines, as_json=options.json)


@app.command(name="list")
def list_datasets(*, options: Platform = ANY_PLATFORM) -> None:
    """List dataset versions, newest first.

    For example:

        tenuto dataset list --workspace lab
    """
    with platform(options) as client:
        found = client.registry.datasets()
    show(Items(found), lambda told: datasets(told.items), as_json=options.json)


@app.command(name="show")
def show_dataset(name: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """Tell all about a dataset version: schema, profile, where its rows came from.

    For example:

        tenuto dataset show customers --workspace lab
        tenuto dataset show customers@2 --workspace lab --json

    Args:
        name: NAME or NAME@VERSION; the newest version when none is named.
    """
    with platform(options) as client:
        found = client.registry.dataset(*versioned(name))
    show(found, dataset_lines, as_json=options.json)
