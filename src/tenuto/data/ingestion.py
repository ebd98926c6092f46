"""From a declared source to a dataset version: read, profile, store, register."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tenuto.core.words import Scope
from tenuto.data.profiling import profile_of, schema_of
from tenuto.data.reading import LARGEST_SOURCE, read_source
from tenuto.data.use_cases import source_to_read
from tenuto.data.words import SourceSpec, TableRead
from tenuto.govern.resources.words import Declared
from tenuto.govern.use_case import Desk
from tenuto.registry.use_cases import NewArtifact, NewDataset, register_dataset
from tenuto.registry.words import DatasetVersion
from tenuto.store.blobs import Blobs, Stored

PARQUET = "application/vnd.apache.parquet"


def ingest(
    desk: Desk,
    scope: Scope,
    blobs: Blobs,
    roots: Sequence[Path],
    *,
    source: str,
    dataset: str,
    limit: int = LARGEST_SOURCE,
) -> DatasetVersion:
    """Read the source as it is now and register what it holds as the next version of ``dataset``.

    The files are read outside any transaction; nothing is registered unless every row was read.
    """
    declared = source_to_read(desk, scope, name=source)
    read = read_source(declared.spec, roots, limit)
    stored = store_table(blobs, read.table)
    new = NewDataset(
        name=dataset,
        artifact=NewArtifact(
            kind="dataset",
            digest=stored.digest,
            size=stored.size,
            media_type=PARQUET,
            name=f"{dataset}.parquet",
            producer=f"source:{source}",
        ),
        rows=read.table.num_rows,
        schema=schema_of(read.table),
        profile=profile_of(read.table),
        provenance=_provenance(source, declared, read),
    )
    return register_dataset(desk, scope, new=new)


def store_table(blobs: Blobs, table: Any) -> Stored:
    """Store a table as Parquet. The same rows give the same bytes, and so the same digest."""
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(table, sink, compression="zstd")
    return blobs.put(_chunks(sink))


def load_table(blobs: Blobs, digest: str) -> Any:
    return table_of(blobs.read(digest))


def table_of(content: bytes) -> Any:
    """Read the bytes of a dataset version as an Arrow table."""
    from pyarrow import parquet

    return parquet.read_table(io.BytesIO(content))


def _chunks(sink: io.BytesIO) -> Iterator[bytes]:
    sink.seek(0)
    while chunk := sink.read(1 << 20):
        yield chunk


def _provenance(source: str, declared: Declared[SourceSpec], read: TableRead) -> dict[str, Any]:
    return {
        "source": source,
        "source_version": declared.version,
        "sensitivity": declared.spec.sensitivity,  # as it was declared when these rows were read
        "files": msgspec.to_builtins(read.files),
    }
