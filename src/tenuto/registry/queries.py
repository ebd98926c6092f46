"""Reading and writing what was made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from tenuto.core.errors import TenutoError
from tenuto.registry.errors import ARTIFACT_UNKNOWN, VERSION_UNKNOWN
from tenuto.registry.tables import artifact, dataset_version, lineage_edge, model_stage, model_version
from tenuto.registry.words import Artifact, DatasetVersion, Edge, Evidence, GateReport, ModelVersion, Stage
from tenuto.store.database import Transaction


def insert_artifact(tx: Transaction, new: Artifact) -> None:
    row = msgspec.structs.asdict(new)
    row["workspace_id"] = row.pop("workspace")
    tx.execute(sa.insert(artifact), row)


def artifact_by_digest(tx: Transaction, digest: str) -> Artifact:
    query = sa.select(artifact).where(artifact.c.digest == digest).order_by(artifact.c.created_at).limit(1)
    row = tx.first(query)
    if row is None:
        raise TenutoError(ARTIFACT_UNKNOWN, digest)
    return Artifact(**_without_workspace(row), workspace=row.workspace_id)


def artifacts_by_digest(tx: Transaction, digest: str) -> list[Artifact]:
    """Return what is known of these bytes: for each kind that they are, the artifact that came first."""
    table = artifact.c
    query = sa.select(artifact).where(table.digest == digest).ext(distinct_on(table.kind))
    found = [
        Artifact(**_without_workspace(row), workspace=row.workspace_id)
        for row in tx.rows(query.order_by(table.kind, table.created_at))
    ]
    if not found:
        raise TenutoError(ARTIFACT_UNKNOWN, digest)
    return found


def insert_dataset(tx: Transaction, new: DatasetVersion) -> None:
    row = msgspec.structs.asdict(new)
    row["workspace_id"] = row.pop("workspace")
    tx.execute(sa.insert(dataset_version), row)


def next_version(tx: Transaction, table: sa.Table, name: str) -> int:
    """Return the next version number of ``name``. Two registrations at once take turns."""
    tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"{table.name}/{name}"))))
    newest = tx.scalar(sa.select(sa.func.max(table.c.version)).where(table.c.name == name))
    return int(newest or 0) + 1


def dataset(tx: Transaction, name: str, version: int | None = None) -> DatasetVersion:
    row = _version_row(tx, sa.select(dataset_version), dataset_version, name, version)
    return _dataset(row)


def datasets(tx: Transaction, *, limit: int = 200) -> list[DatasetVersion]:
    query = sa.select(dataset_version).order_by(dataset_version.c.created_at.desc()).limit(limit)
    return [_dataset(row) for row in tx.rows(query)]


def datasets_of(tx: Transaction, digest: str) -> list[DatasetVersion]:
    """Return the newest version of each dataset that has these bytes."""
    table = dataset_version.c
    query = sa.select(dataset_version).where(table.digest == digest).ext(distinct_on(table.name))
    return [_dataset(row) for row in tx.rows(query.order_by(table.name, table.version.desc()))]


def insert_model(tx: Transaction, new: ModelVersion) -> None:
    row = msgspec.structs.asdict(new)
    row["workspace_id"] = row.pop("workspace")
    row["evidence"] = msgspec.to_builtins(new.evidence)
    stage, gate = row.pop("stage"), row.pop("gate")
    tx.execute(sa.insert(model_version), row)
    tx.execute(
        sa.insert(model_stage),
        {
            "model_version_id": new.id,
            "workspace_id": new.workspace,
            "stage": stage.value,
            "gate": msgspec.to_builtins(gate) if gate else None,
        },
    )


def model(tx: Transaction, name: str, version: int | None = None) -> ModelVersion:
    """Return a version of a model; the newest without ``version``."""
    return _model(_version_row(tx, _models(), model_version, name, version))


def model_in(tx: Transaction, workspace: str | None, name: str, version: int) -> ModelVersion:
    """Return a version of one workspace, for a transaction that sees several."""
    own = _models().where(model_version.c.workspace_id == workspace)
    return _model(_version_row(tx, own, model_version, name, version))


def models_of(tx: Transaction, digest: str) -> list[ModelVersion]:
    """Return the newest version of each model that has these bytes."""
    table = model_version.c
    query = _models().where(table.digest == digest).ext(distinct_on(table.name))
    return [_model(row) for row in tx.rows(query.order_by(table.name, table.version.desc()))]


def model_made_by(tx: Transaction, producer: str) -> ModelVersion | None:
    row = tx.first(_models().where(model_version.c.producer == producer))
    return _model(row) if row else None


def models(tx: Transaction, *, limit: int = 200) -> list[ModelVersion]:
    query = _models().order_by(model_version.c.created_at.desc()).limit(limit)
    return [_model(row) for row in tx.rows(query)]


def move(tx: Transaction, version_id: str, stage: Stage) -> None:
    tx.execute(
        sa.update(model_stage)
        .where(model_stage.c.model_version_id == version_id)
        .values(stage=stage.value, changed_at=sa.func.tenuto_now())
    )


def link(tx: Transaction, edges: Iterable[Edge]) -> None:
    """Write lineage; an edge that is there already stays as it is."""
    rows = [msgspec.structs.asdict(edge) | {"workspace_id": tx.scope.workspace} for edge in edges]
    if rows:
        tx.execute(upsert(lineage_edge).on_conflict_do_nothing(), rows)


_ANCESTORS = sa.text(
    """
    with recursive up as (
      select from_kind, from_id, to_kind, to_id, relation, 1 as depth from lineage_edge
      where to_kind = :kind and to_id = :id
      union
      select e.from_kind, e.from_id, e.to_kind, e.to_id, e.relation, up.depth + 1
      from lineage_edge e join up on e.to_kind = up.from_kind and e.to_id = up.from_id
      where up.depth < 50
    )
    select from_kind, from_id, to_kind, to_id, relation from up
    group by from_kind, from_id, to_kind, to_id, relation
    order by max(depth) desc, from_kind, from_id, to_kind, to_id, relation
    """
)


def ancestry(tx: Transaction, kind: str, item: str) -> list[Edge]:
    """Return every edge that leads to the item, from its sources down."""
    return [msgspec.convert(row._asdict(), Edge) for row in tx.rows(_ANCESTORS, {"kind": kind, "id": item})]


def _models() -> sa.Select[Any]:
    return sa.select(model_version, model_stage.c.stage, model_stage.c.gate).join(
        model_stage, model_stage.c.model_version_id == model_version.c.id
    )


def _version_row(
    tx: Transaction, query: sa.Select[Any], table: sa.Table, name: str, version: int | None
) -> sa.Row[Any]:
    chosen = query.where(table.c.name == name)
    if version is not None:
        chosen = chosen.where(table.c.version == version)
    row = tx.first(chosen.order_by(table.c.version.desc()).limit(1))
    if row is None:
        raise TenutoError(VERSION_UNKNOWN, f"{name}@{version}" if version is not None else name)
    return row


def _dataset(row: Any) -> DatasetVersion:
    return DatasetVersion(**_without_workspace(row), workspace=row.workspace_id)


def _model(row: Any) -> ModelVersion:
    fields = _without_workspace(row)
    fields["workspace"] = row.workspace_id
    fields["stage"] = Stage(row.stage)
    fields["evidence"] = msgspec.convert(row.evidence, list[Evidence])
    fields["gate"] = msgspec.convert(row.gate, GateReport) if row.gate else None
    return ModelVersion(**fields)


def _without_workspace(row: Any) -> dict[str, Any]:
    fields: dict[str, Any] = row._asdict()
    del fields["workspace_id"]
    return fields
