"""Two versions of a model side by side."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from tenuto.registry.words import Evidence, ModelVersion
from tenuto.web.pages.comparing import compared, differing

OLD = ModelVersion(
    id="m1",
    workspace="w1",
    name="churn",
    version=1,
    digest="sha256:1",
    format="onnx",
    signature={},
    metrics={"accuracy": 0.9, "f1": 0.8},
    evidence=[Evidence("evaluation", "sha256:e", 10)],
    attestation="",
    authors=["a"],
    producer="run:r1/register",
    created_at=datetime(2026, 11, 21, tzinfo=UTC),
)
NEW = msgspec.structs.replace(
    OLD, id="m2", version=2, digest="sha256:2", metrics={"accuracy": 0.95, "recall": 0.7}, evidence=[]
)


def test_every_metric_of_either_version_has_its_line() -> None:
    lines = {line.name: line for line in compared(NEW, OLD)}
    assert list(lines) == ["accuracy", "f1", "recall"]
    assert round(lines["accuracy"].change or 0, 6) == 0.05
    assert (lines["f1"].value, lines["f1"].current, lines["f1"].change) == (None, 0.8, None)
    assert (lines["recall"].value, lines["recall"].change) == (0.7, None)


def test_without_a_version_in_traffic_there_is_nothing_to_differ_from() -> None:
    assert [line.change for line in compared(NEW, None)] == [None, None]
    assert differing(NEW, None) == []


def test_only_what_differs_is_told() -> None:
    assert [(facet.name, facet.value, facet.current) for facet in differing(NEW, OLD)] == [
        ("digest", "sha256:2", "sha256:1"),
        ("evidence", "", "evaluation"),
    ]
    assert differing(OLD, OLD) == []
