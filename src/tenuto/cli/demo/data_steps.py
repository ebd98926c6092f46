"""Step 1: files in a source folder become a dataset version."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from tenuto.cli.demo.people import Person
from tenuto.cli.demo.stage import WORKSPACE, Stage
from tenuto.cli.demo.words import Proof, require_equal
from tenuto.client.words import DatasetVersion
from tenuto.core.canonical import canonical_json
from tenuto.core.digests import digest_of
from tenuto.data.ingestion import table_of

DATASET = "breast-cancer"
SOURCE = "breast-cancer-files"
TARGET = "benign"
_SHOWN = "mean_radius"


class Written(msgspec.Struct, frozen=True):
    """What lies in the source folder: digests by file name, column names, and a digest of all values in order."""

    files: dict[str, str]
    columns: list[str]
    rows: int
    values: str


class Ingested(msgspec.Struct, frozen=True):
    """What was written, and what the command line told of the version that became of it."""

    written: Written
    version: int
    digest: str
    author: str


class SeenDataset(msgspec.Struct, frozen=True):
    """The version as another client sees it, and a digest of the values in the bytes that it gives out."""

    version: DatasetVersion
    values: str


def ingest(stage: Stage) -> Ingested:
    """Declare the source as the owner, take it in as the data scientist."""
    written = write_source(stage.sources / DATASET)
    spec = {"path": str(stage.sources / DATASET), "columns": {TARGET: "integer"}}
    document = {"kind": "Source", "name": SOURCE, "workspace": WORKSPACE, "spec": spec}
    stage.owner.tenuto("apply", "--file", declared(stage, document), "--yes")
    made = stage.scientist.tenuto("dataset", "ingest", SOURCE, "--dataset", DATASET)
    return Ingested(written, made["version"], made["digest"], stage.scientist.id)


def look(stage: Stage, work: Ingested) -> SeenDataset:
    """Read the version back as the approver, and its rows as the data scientist, who may take them out."""
    version = stage.approver.client.registry.dataset(DATASET, work.version)
    content = fetched(stage, stage.scientist, version.digest)
    table = table_of(content)
    rows = zip(*(table[name].to_pylist() for name in table.column_names), strict=True)
    return SeenDataset(version, values_digest(table.column_names, rows))


def judge(work: Ingested, seen: SeenDataset) -> Proof:
    written, version = work.written, seen.version
    require_equal(version.version, work.version, "number of the dataset version")
    require_equal(version.digest, work.digest, "digest of the dataset version")
    require_equal(seen.values, written.values, "values in the bytes that come back, against the source")
    require_equal(version.rows, written.rows, "rows of the dataset version")
    require_equal([column["name"] for column in version.schema], written.columns, "columns of its schema")
    files = {one["name"]: one["digest"] for one in version.provenance["files"]}
    require_equal(files, written.files, "files in its provenance")
    require_equal(version.created_by, work.author, "who made it")
    profile = version.profile["columns"]
    require_equal(profile[TARGET]["distinct"], 2, "classes that its profile knows")
    require_equal(sum(profile[_SHOWN]["bins"]["counts"]), written.rows, "values that its profile counted")
    facts = {"rows": version.rows, "columns": len(written.columns), "profile": profile[_SHOWN]}
    return Proof(version.digest, facts)


def write_source(folder: Path) -> Written:
    """Write scikit-learn's breast-cancer table as two CSV files."""
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer()
    names = [*(str(name).replace(" ", "_") for name in table.feature_names), TARGET]
    rows = [[*map(float, values), int(label)] for values, label in zip(table.data, table.target, strict=True)]
    folder.mkdir(parents=True, exist_ok=True)
    half = len(rows) // 2
    files = {}
    for name, part in (("part-1.csv", rows[:half]), ("part-2.csv", rows[half:])):
        with (folder / name).open("w", newline="") as sink:
            csv.writer(sink).writerows([names, *part])
        files[name] = digest_of((folder / name).read_bytes())
    return Written(files, names, len(rows), values_digest(names, rows))


def values_digest(names: Sequence[str], rows: Iterable[Sequence[float]]) -> str:
    """Return one digest for a table's names and values, in order, however they were stored."""
    return digest_of(canonical_json([list(names), [[float(value).hex() for value in row] for row in rows]]))


def declared(stage: Stage, *documents: Mapping[str, object]) -> Path:
    """Write documents as somebody would keep them in a repository, and return the folder."""
    folder = stage.folder / "declared"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for document in documents:
        (folder / f"{document['name']}.json").write_bytes(msgspec.json.encode(document))
    return folder


def fetched(stage: Stage, person: Person, digest: str) -> bytes:
    """Return the bytes that the person's Python client downloads. Raises if they are not those of the digest."""
    target = stage.folder / "downloaded"
    target.unlink(missing_ok=True)
    person.client.registry.artifact_content(digest, target)
    content = target.read_bytes()
    require_equal(digest_of(content), digest, "digest of the bytes that come back")
    return content
