"""Datasets, models, approvals and artifacts."""

from __future__ import annotations

from pathlib import Path

from tenuto.client.api.calls import Calls, Request
from tenuto.client.words import Approval, DatasetVersion, Edge, Items, Lineage, ModelVersion, PublicKey


class Registry:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def ingest(self, source: str, *, dataset: str) -> DatasetVersion:
        """Read a source as it is now into the next version of a dataset."""
        request = Request(
            "POST", "/api/v1/sources/{name}/ingest", {"name": source}, body={"dataset": dataset}
        )
        return self._calls.send(request, DatasetVersion)

    def datasets(self) -> list[DatasetVersion]:
        return self._calls.send(Request("GET", "/api/v1/datasets"), Items[DatasetVersion]).items

    def dataset(self, name: str, version: int | None = None) -> DatasetVersion:
        """Return a version of a dataset, the newest unless told."""
        request = Request("GET", "/api/v1/datasets/{name}", {"name": name}, {"version": version})
        return self._calls.send(request, DatasetVersion)

    def artifact_content(self, digest: str, target: Path) -> int:
        """Write the bytes of an artifact to a new file. Returns their number."""
        request = Request("GET", "/api/v1/artifacts/{digest}/content", {"digest": digest})
        return self._calls.download(request, target)

    def models(self) -> list[ModelVersion]:
        return self._calls.send(Request("GET", "/api/v1/models"), Items[ModelVersion]).items

    def model(self, name: str, version: int | None = None) -> ModelVersion:
        """Return a version of a model, the newest unless told."""
        request = Request("GET", "/api/v1/models/{name}", {"name": name}, {"version": version})
        return self._calls.send(request, ModelVersion)

    def lineage(self, name: str, version: int | None = None) -> list[Edge]:
        """Return everything that had a part in making the version."""
        request = Request("GET", "/api/v1/models/{name}/lineage", {"name": name}, {"version": version})
        return self._calls.send(request, Lineage).edges

    def signing_key(self) -> str:
        """Return the public key (PEM) that the statements about model versions are verified with."""
        return self._calls.send(Request("GET", "/api/v1/signing-key"), PublicKey).key

    def approvals(self, state: str | None = None) -> list[Approval]:
        """Return the approvals in a state, those that wait unless told."""
        request = Request("GET", "/api/v1/approvals", query={"state": state})
        return self._calls.send(request, Items[Approval]).items

    def approve(self, name: str, *, version: int, digest: str, comment: str = "") -> ModelVersion:
        """Approve exactly what lies under ``digest``: the bytes, the evidence and the gate's result."""
        return self._decide("/api/v1/models/{name}/approve", name, version, digest, comment)

    def refuse(self, name: str, *, version: int, digest: str, comment: str = "") -> ModelVersion:
        """Refuse a version. It never goes into traffic."""
        return self._decide("/api/v1/models/{name}/refuse", name, version, digest, comment)

    def _decide(self, path: str, name: str, version: int, digest: str, comment: str) -> ModelVersion:
        body = {"version": version, "digest": digest, "comment": comment}
        return self._calls.send(Request("POST", path, {"name": name}, body=body), ModelVersion)
