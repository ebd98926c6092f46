from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tenuto.core.digests import digest_of
from tenuto.registry.rules import Bound, GateSpec, approval_digest, judge, subject_digest
from tenuto.registry.words import Check, CheckResult, Evidence, GateReport, ModelVersion

EVALUATION = Evidence("evaluation", digest_of(b"report"), 6)
VERSION = ModelVersion(
    id="0193a000-0000-7000-8000-000000000009",
    workspace="0193a000-0000-7000-8000-000000000008",
    name="iris",
    version=1,
    digest=digest_of(b"model"),
    format="onnx",
    signature={},
    metrics={"accuracy": 0.9, "unfair": 0.1},
    evidence=[EVALUATION],
    attestation="{}",
    authors=["ann"],
    producer="run",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
SPEC = GateSpec(metrics={"accuracy": Bound(min=0.8), "unfair": Bound(max=0.2)})


def version_with(**changes: Any) -> ModelVersion:
    return msgspec.structs.replace(VERSION, **changes)


def results(version: ModelVersion, spec: GateSpec | None = SPEC) -> dict[str, CheckResult]:
    return {check.name: check.result for check in judge(version, "g", 1, spec).checks}


@pytest.mark.capability("M10")
def test_a_version_that_shows_everything_passes() -> None:
    report = judge(VERSION, "iris", 3, SPEC)
    assert report.passed
    assert (report.gate, report.gate_version) == ("iris", 3)
    assert set(results(VERSION).values()) == {CheckResult.PASS}
    assert report.subject_digest == subject_digest(VERSION)


@pytest.mark.parametrize(
    ("changes", "check", "result"),
    [
        ({"metrics": {"accuracy": 0.79, "unfair": 0.1}}, "metric: accuracy", CheckResult.FAIL),
        ({"metrics": {"accuracy": 0.8, "unfair": 0.2}}, "metric: accuracy", CheckResult.PASS),
        ({"metrics": {"accuracy": 0.9, "unfair": 0.21}}, "metric: unfair", CheckResult.FAIL),
        ({"metrics": {"accuracy": float("nan"), "unfair": 0.1}}, "metric: accuracy", CheckResult.FAIL),
        ({"metrics": {"unfair": 0.1}}, "metric: accuracy", CheckResult.NOT_RUN),
        ({"evidence": []}, "evidence: evaluation", CheckResult.NOT_RUN),
        ({"format": "sklearn-pickle"}, "format", CheckResult.FAIL),
    ],
)
def test_each_check_has_a_result_of_its_own_and_only_pass_passes(
    changes: dict[str, Any], check: str, result: CheckResult
) -> None:
    version = version_with(**changes)
    assert results(version)[check] is result
    assert judge(version, "g", 1, SPEC).passed is (result is CheckResult.PASS)


def test_without_a_gate_nothing_has_passed() -> None:
    assert results(VERSION, None) == {"gate": CheckResult.NOT_RUN}
    assert not judge(VERSION, "none", 0, None).passed


def test_both_ends_of_a_bound_hold() -> None:
    spec = GateSpec(metrics={"accuracy": Bound(min=0.5, max=0.6)})
    check = next(one for one in judge(VERSION, "g", 1, spec).checks if one.name == "metric: accuracy")
    assert (check.result, check.detail) == (CheckResult.FAIL, "0.9; wanted at least 0.5 and at most 0.6")


@pytest.mark.capability("M10")
@pytest.mark.parametrize(
    "changes",
    [
        {"digest": digest_of(b"other")},
        {"evidence": [Evidence("evaluation", digest_of(b"other"), 6)]},
        {"evidence": []},
        {"attestation": "{ }"},
    ],
)
def test_what_is_approved_changes_with_bytes_evidence_and_attestation(changes: dict[str, Any]) -> None:
    assert subject_digest(version_with(**changes)) != subject_digest(VERSION)
    assert approval_digest(version_with(**changes)) != approval_digest(VERSION)


@pytest.mark.capability("M10")
@pytest.mark.parametrize("result", [CheckResult.FAIL, CheckResult.ERROR, CheckResult.NOT_RUN])
def test_and_with_every_result_of_the_gate(result: CheckResult) -> None:
    digests = set()
    for gate, number, found in (
        ("g", 1, CheckResult.PASS),
        ("g", 1, result),
        ("g", 2, CheckResult.PASS),
        ("h", 1, CheckResult.PASS),
    ):
        report = GateReport(gate, number, True, [Check("format", found, "")], subject_digest(VERSION))
        digests.add(approval_digest(version_with(gate=report)))
    assert len({*digests, approval_digest(VERSION)}) == 5
