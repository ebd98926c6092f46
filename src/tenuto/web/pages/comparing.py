"""Two versions of a model side by side. Pure."""

from __future__ import annotations

import msgspec

from tenuto.registry.words import ModelVersion


class MetricLine(msgspec.Struct, frozen=True):
    """A metric of the version looked at, and of the one in traffic. None: that one was not measured so."""

    name: str
    value: float | None
    current: float | None

    @property
    def change(self) -> float | None:
        return None if self.value is None or self.current is None else self.value - self.current


class Facet(msgspec.Struct, frozen=True):
    """Something other than a metric that differs. ``name`` completes a key of the catalogue."""

    name: str
    value: str
    current: str


def compared(version: ModelVersion, current: ModelVersion | None) -> list[MetricLine]:
    """Return every metric that either of them has, by name."""
    known = current.metrics if current else {}
    names = sorted({*version.metrics, *known})
    return [MetricLine(name, version.metrics.get(name), known.get(name)) for name in names]


def differing(version: ModelVersion, current: ModelVersion | None) -> list[Facet]:
    """Return what differs besides the metrics: bytes, format, evidence, producer."""
    if current is None:
        return []
    facets = [
        Facet("digest", version.digest, current.digest),
        Facet("format", version.format, current.format),
        Facet("evidence", _evidence(version), _evidence(current)),
        Facet("producer", version.producer, current.producer),
    ]
    return [facet for facet in facets if facet.value != facet.current]


def _evidence(version: ModelVersion) -> str:
    return ", ".join(sorted(one.kind for one in version.evidence))
