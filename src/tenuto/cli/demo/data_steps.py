"""Step 1: files in a source folder become a dataset version."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tenuto.cli.demo.stage import WORKSPACE, Stage
from tenuto.cli.demo.words import require, require_equal
from tenuto.core.digests import digest_of

DATASET = "breast-cancer"
TARGET = "benign"


def write_source(folder: Path) -> int:
    """Write scikit-learn's breast-cancer table as two CSV files; return how many rows."""
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer()
    names = [str(name).replace(" ", "_") for name in table.feature_names]
    rows = [
        [*map(repr, map(float, row)), int(label)] for row, label in zip(table.data, table.target, strict=True)
    ]
    folder.mkdir(parents=True)
    half = len(rows) // 2
    for name, part in (("part-1.csv", rows[:half]), ("part-2.csv", rows[half:])):
        with (folder / name).open("w", newline="") as sink:
            csv.writer(sink).writerows([[*names, TARGET], *part])
    return len(rows)


def ingest(stage: Stage) -> tuple[str, dict[str, Any]]:
    """Declare the source as the owner, ingest it as the data scientist, read it back as the approver."""
    count = write_source(stage.sources / "breast-cancer")
    source = {"path": str(stage.sources / "breast-cancer"), "columns": {TARGET: "integer"}}
    document = {"kind": "Source", "name": "breast-cancer-files", "workspace": WORKSPACE, "spec": source}
    stage.owner.post("/api/v1/apply", {"documents": [document]})
    made = stage.scientist.post("/api/v1/sources/breast-cancer-files/ingest", {"dataset": DATASET})
    seen = stage.approver.get(f"/api/v1/datasets/{DATASET}?version={made['version']}")
    require_equal(seen["rows"], count, "rows of the dataset version")
    require_equal(len(seen["provenance"]["files"]), 2, "files in its provenance")
    require(seen["profile"]["columns"][TARGET]["distinct"] == 2, "the profile knows both classes")
    content = stage.approver.send("GET", f"/api/v1/artifacts/{seen['digest']}/content", None, "")
    require_equal(digest_of(content), seen["digest"], "digest of the bytes that come back")
    columns = seen["profile"]["columns"]
    return seen["digest"], {"rows": count, "columns": len(columns), "profile": columns["mean_radius"]}
