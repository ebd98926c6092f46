"""Pure decisions about versions: what a gate finds, and what an approval is bound to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tenuto.core.canonical import canonical_json
from tenuto.core.digests import digest_of
from tenuto.registry.words import Check, CheckResult, Evidence, GateReport, ModelVersion


class Bound(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a metric must lie. Both ends are allowed values."""

    min: float | None = None
    max: float | None = None


class GateSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model version must show before a person is asked to approve it.

    ``metrics`` bounds what the evaluation measured, ``evidence`` names the reports that must be there, and
    ``formats`` the file formats that may be deployed.
    """

    metrics: dict[str, Bound] = {}
    evidence: tuple[str, ...] = ("evaluation",)
    formats: tuple[str, ...] = ("onnx", "sklearn-skops")


def judge(version: ModelVersion, gate: str, gate_version: int, spec: GateSpec | None) -> GateReport:
    """Return every check with its result. Without a declared gate nothing has passed."""
    if spec is None:
        checks = [Check("gate", CheckResult.NOT_RUN, "no Gate is declared for this model in this workspace")]
    else:
        checks = [
            _format_check(version, spec),
            *(_evidence_check(version.evidence, kind) for kind in spec.evidence),
            *(_metric_check(version.metrics, name, bound) for name, bound in sorted(spec.metrics.items())),
        ]
    passed = all(check.result is CheckResult.PASS for check in checks)
    return GateReport(gate, gate_version, passed, checks, subject_digest(version))


def subject_digest(version: ModelVersion) -> str:
    """Return what an approval is bound to: the model's bytes, its evidence and its attestation."""
    subject = {
        "model": version.digest,
        "evidence": [[one.kind, one.digest] for one in version.evidence],
        "attestation": digest_of(version.attestation.encode()),
    }
    return digest_of(canonical_json(subject))


def approval_digest(version: ModelVersion) -> str:
    """Return the digest an approver sees and signs: the subject and the gate's result on it."""
    report = version.gate
    checks = [[check.name, check.result.value] for check in report.checks] if report else []
    named = {"gate": report.gate, "version": report.gate_version, "checks": checks} if report else {}
    return digest_of(canonical_json({"subject": subject_digest(version), "gate": named}))


def _format_check(version: ModelVersion, spec: GateSpec) -> Check:
    good = version.format in spec.formats
    detail = f"{version.format}; allowed: {', '.join(spec.formats)}"
    return Check("format", CheckResult.PASS if good else CheckResult.FAIL, detail)


def _evidence_check(evidence: Sequence[Evidence], kind: str) -> Check:
    found = next((one for one in evidence if one.kind == kind), None)
    name = f"evidence: {kind}"
    if found is None:
        return Check(name, CheckResult.NOT_RUN, "no such report was registered with the model")
    return Check(name, CheckResult.PASS, found.digest)


def _metric_check(metrics: Mapping[str, float], name: str, bound: Bound) -> Check:
    label = f"metric: {name}"
    wanted = " and ".join(
        part
        for part in (
            f"at least {bound.min}" if bound.min is not None else "",
            f"at most {bound.max}" if bound.max is not None else "",
        )
        if part
    )
    value = metrics.get(name)
    if value is None:
        return Check(label, CheckResult.NOT_RUN, f"not measured; wanted {wanted}")
    low = bound.min is not None and not value >= bound.min
    high = bound.max is not None and not value <= bound.max
    return Check(
        label, CheckResult.FAIL if low or high else CheckResult.PASS, f"{value:.6g}; wanted {wanted}"
    )


def is_of_a_run(producer: str) -> bool:
    """Tell whether a step of a run made it: ``run:<id>/<node>``, and ``/<item>`` within a map."""
    return producer.startswith("run:")
