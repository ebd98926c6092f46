"""The platform's own steps: what pipelines do with the registry, under the identity of their run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tenuto.app.building import Platform, allowed_distributions
from tenuto.app.model_scan import ModelScanner
from tenuto.core import typed_json
from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.core.plugins import Plugins
from tenuto.core.value_types import ANY_JSON, Kind, ValueType
from tenuto.core.words import Ref
from tenuto.govern.audit.writing import Entry
from tenuto.govern.use_case import record_alone
from tenuto.guard.artifacts.words import ScanVerdict
from tenuto.guard.errors import MODEL_REFUSED
from tenuto.pipelines.errors import OWN_STEP_UNKNOWN
from tenuto.pipelines.words import Encoding, StoredValue
from tenuto.pipelines.worker.tools import Handed
from tenuto.registry import use_cases as registry
from tenuto.registry.queries import model_made_by
from tenuto.registry.use_cases import NewArtifact, NewModel
from tenuto.registry.words import Edge, Evidence, ModelVersion
from tenuto.serving.words import PickleClearance

_DOCUMENT = ValueType(Kind.DICT, (ANY_JSON,))
_SUMMARY_FIELDS = 12
_SCAN = "scan"  # the guard's report; a report of that name from a run is not kept


class PlatformSteps:
    """Satisfies ``pipelines.worker.tools.OwnSteps``."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._scanner = ModelScanner(platform.blobs, platform.settings.home / "work" / "scans")
        self._plugins = Plugins("tenuto.steps", allowed_distributions(platform.settings))
        self._steps: Mapping[str, Callable[[Handed], Mapping[str, StoredValue]]] = {
            "load_dataset": self._load_dataset,
            "register_model": self._register_model,
        }

    def has(self, name: str) -> bool:
        return name in self._steps

    def run(self, name: str, handed: Handed) -> Mapping[str, StoredValue]:
        return self._steps[name](handed)

    def code_of(self, name: str) -> str:
        if name not in self._plugins:
            raise TenutoError(OWN_STEP_UNKNOWN, name)
        return self._plugins.address(name)

    def _load_dataset(self, handed: Handed) -> Mapping[str, StoredValue]:
        """Give the rows of a dataset version, and write down that this run read it."""
        given = _given(handed)
        found = registry.dataset_for_run(
            self._platform.desk,
            handed.run.scope,
            name=given["name"],
            version=given.get("version"),
            run_id=handed.run.id,
        )
        size = sum(len(chunk) for chunk in handed.blobs.chunks(found.digest))
        metadata = {"name": f"{found.name}.parquet", "dataset": found.name, "version": found.version}
        return {
            "result": StoredValue(ValueType(Kind.FILE), Encoding.FILE, found.digest, size, metadata=metadata)
        }

    def _register_model(self, handed: Handed) -> Mapping[str, StoredValue]:
        """Register with every report as evidence of its own, in the name of the run, once for each task."""
        producer = _producer(handed)
        version = self._registered(handed, producer) or self._register(handed, producer)
        told = {
            "name": version.name,
            "version": version.version,
            "digest": version.digest,
            "stage": version.stage.value,
        }
        return {"result": _stored(told)}

    def _registered(self, handed: Handed, producer: str) -> ModelVersion | None:
        """Return what an earlier attempt registered before its worker died without having journalled it."""
        with self._platform.desk.database.begin(handed.run.scope) as tx:
            return model_made_by(tx, producer)

    def _register(self, handed: Handed, producer: str) -> ModelVersion:
        given, run = _given(handed), handed.run
        file = handed.inputs["file"]
        verdict = self._require_safe(handed, given, file.digest)
        new = NewModel(
            name=given["name"],
            artifact=NewArtifact(
                kind="model",
                digest=file.digest,
                size=file.size,
                media_type="application/octet-stream",
                name=str(file.metadata.get("name", "model")),
                producer=producer,
            ),
            format=str(given["packaging"].get("format", "")),
            signature=_with_clearance(given["packaging"], verdict),
            metrics=given["metrics"],
            evidence=[
                self._evidence(_SCAN, msgspec.to_builtins(verdict)),
                *(self._evidence(kind, report) for kind, report in _reports(given)),
            ],
            authors=run.authors,
            inputs=[Edge("Run", run.id, "ModelVersion", "", "produced_by")],
        )
        return registry.register_model(
            self._platform.desk, run.scope, signer=self._platform.keys.models, new=new
        )

    def _require_safe(self, handed: Handed, given: Mapping[str, Any], digest: str) -> ScanVerdict:
        """Raise, and write down the refusal, unless the guard finds nothing in the file that could run."""
        verdict = self._scanner.scan(digest, str(given["packaging"].get("format", "")))
        if not verdict.allowed:
            scope = handed.run.scope
            refused = Ref("ModelVersion", handed.run.id, given["name"], scope.workspace)
            entry = Entry(registry.REGISTER, refused, verdict.verdict(), "refused", {"digest": digest})
            record_alone(self._platform.desk, scope, entry)
            raise TenutoError(MODEL_REFUSED, verdict.reason, rule=verdict.rule)
        return verdict

    def _evidence(self, kind: str, report: Any) -> Evidence:
        stored = self._platform.blobs.put_bytes(msgspec.json.encode(report))
        flat = {key: value for key, value in report.items() if isinstance(value, str | int | float | bool)}
        return Evidence(kind, stored.digest, stored.size, dict(list(flat.items())[:_SUMMARY_FIELDS]))


def _producer(handed: Handed) -> str:
    item = "" if handed.task.item is None else f"/{handed.task.item}"
    return f"run:{handed.run.id}/{handed.task.node}{item}"


def _given(handed: Handed) -> dict[str, Any]:
    """Read the inputs that are plain values; files stay addresses."""
    return {
        name: typed_json.decode(_text(handed, value), value.type)
        for name, value in handed.inputs.items()
        if value.encoding is Encoding.JSON
    }


def _text(handed: Handed, value: StoredValue) -> str:
    return value.text if value.text is not None else handed.blobs.read(value.digest).decode()


def _reports(given: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    evidence = given.get("evidence") or {}
    return [
        (kind, report if isinstance(report, dict) else {"value": report})
        for kind, report in evidence.items()
        if kind != _SCAN
    ]


def _with_clearance(packaging: dict[str, Any], verdict: ScanVerdict) -> dict[str, Any]:
    """Return the packaging with the guard's own word on the file, whatever the run's code said about it."""
    clearance = PickleClearance(verdict.digest, verdict.verdict(), verdict.names)
    return packaging | {"clearance": msgspec.to_builtins(clearance)}


def _stored(value: dict[str, Any]) -> StoredValue:
    text = typed_json.encode(value, _DOCUMENT)
    return StoredValue(_DOCUMENT, Encoding.JSON, digest_of(text.encode()), len(text.encode()), text)
