"""One way to extend Tenuto: a Protocol, an entry-point group, and a list of distributions we trust.

A package that happens to be installed must not gain a place in the gateway by being installed. Only entry
points of distributions on the allow-list are loaded; ``tenuto`` itself is one of them, and its own plugins
come through the same door.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tenuto.core.errors import PLUGIN_NOT_ALLOWED, PLUGIN_UNKNOWN, TenutoError

OWN_DISTRIBUTION = "tenuto"


class Plugins:
    """The plugins of one kind, found by entry point and loaded on first use."""

    def __init__(self, group: str, allowed: Collection[str] = (OWN_DISTRIBUTION,)) -> None:
        self._group = group
        self._allowed = frozenset(allowed)
        self._found: dict[str, EntryPoint] = {point.name: point for point in entry_points(group=group)}
        self._loaded: dict[str, Any] = {}

    def names(self) -> list[str]:
        return sorted(name for name, point in self._found.items() if self._trusts(point))

    def load(self, name: str) -> Any:
        """Return what the entry point names. Raises when it is unknown or its distribution is not allowed."""
        if name not in self._loaded:
            self._loaded[name] = self._trusted(name).load()
        return self._loaded[name]

    def address(self, name: str) -> str:
        """Return ``module:attribute`` of a plugin that another process will load. Raises like ``load``."""
        return self._trusted(name).value

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def _trusted(self, name: str) -> EntryPoint:
        point = self._found.get(name)
        if point is None:
            raise TenutoError(PLUGIN_UNKNOWN, f"{self._group} has no {name!r}; installed: {self.names()}")
        if not self._trusts(point):
            raise TenutoError(PLUGIN_NOT_ALLOWED, f"{name!r} comes from {_distribution(point)!r}")
        return point

    def _trusts(self, point: EntryPoint) -> bool:
        return _distribution(point) in self._allowed


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else ""
