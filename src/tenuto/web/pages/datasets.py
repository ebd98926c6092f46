"""Datasets: which versions there are, and what one of them holds and comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from tenuto.registry import use_cases
from tenuto.registry.words import DatasetVersion
from tenuto.web.api.scopes import services_of
from tenuto.web.pages.declaring import page
from tenuto.web.pages.names import names_of
from tenuto.web.pages.place import working_scope
from tenuto.web.registry.words import Group, Nav, Route
from tenuto.web.words import Call, Input, View

_READ = "registry:dataset:read"


class VersionQuery(Input, frozen=True, kw_only=True):
    version: int | None = None  # the newest when left out


class ColumnLine(msgspec.Struct, frozen=True):
    """A column as its schema and its profile have it; ``profile`` is empty where none was made."""

    name: str
    type: str
    profile: dict[str, Any]

    @property
    def bins(self) -> list[tuple[float, float, int]]:
        """Lower edge, upper edge and count of each bin of a column of numbers."""
        bins = self.profile.get("bins")
        if not bins:
            return []
        edges = bins["edges"]
        return list(zip(edges, edges[1:], bins["counts"], strict=False))

    @property
    def counts(self) -> list[int]:
        """What to draw: the bins of numbers, the top values of anything else."""
        return [count for _, _, count in self.bins] or [count for _, count in self.profile.get("top", [])]


def listing(call: Call, _body: None, _query: None) -> View:
    found = use_cases.datasets(services_of(call).desk, working_scope(call))
    return View("datasets/list.html", {"datasets": found, "names": names_of(call)}, title="datasets.title")


def one(call: Call, _body: None, query: VersionQuery) -> View:
    desk, scope = services_of(call).desk, working_scope(call)
    found = use_cases.dataset(desk, scope, name=call.path["name"], version=query.version)
    others = [each for each in use_cases.datasets(desk, scope) if each.name == found.name]
    values = {"dataset": found, "columns": list(_columns(found)), "others": others, "names": names_of(call)}
    title_values: dict[str, str | int] = {"name": f"{found.name}@{found.version}"}
    return View("datasets/one.html", values, title="datasets.one.title", title_values=title_values)


def _columns(dataset: DatasetVersion) -> Iterator[ColumnLine]:
    profiles = dataset.profile.get("columns", {})
    for column in dataset.schema:
        yield ColumnLine(column["name"], column["type"], profiles.get(column["name"], {}))


def routes() -> list[Route]:
    return [
        page(
            "/datasets",
            listing,
            "Dataset versions, newest first",
            action=_READ,
            resource="Dataset",
            title="datasets.title",
            nav=Nav(Group.BUILD, "datasets.title", "dataset", order=1),
        ),
        page(
            "/datasets/{name}",
            one,
            "A dataset version with schema, profile and provenance",
            action=_READ,
            resource="Dataset",
            title="datasets.title",
            query=VersionQuery,
        ),
    ]
