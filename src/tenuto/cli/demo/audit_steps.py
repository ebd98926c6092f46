"""Step 5: the audit log verifies, and copies that were tampered with do not."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.words import require, require_equal
from tenuto.govern.verify import Report, verify_bundle

_RECORDS = "records.jsonl"


def verify(stage: Stage) -> tuple[str, dict[str, Any]]:
    """Verify online; export, and verify the bundle offline with the public key and the outside checkpoint."""
    online = stage.owner.post("/api/v1/audit/verify")
    require_equal(online["problem_count"], 0, "problems found online")
    folder = _export(stage)
    stage.kept["bundle"] = folder
    report = _offline(stage, folder)
    require(report.ok, f"the exported bundle does not verify: {_told(report)}")
    require(report.tail_proven, "the newest outside checkpoint proves no tail")
    facts = {"records": report.records, "proven": [one.sentence for one in report.proven]}
    return f"{report.records} records", facts


def tamper(stage: Stage) -> tuple[str, dict[str, Any]]:
    """Edit a row, delete a row, cut the tail, each in a copy: each is found and located."""
    kinds: dict[str, Callable[[list[bytes]], list[bytes]]] = {
        "edited": _edit,
        "deleted": lambda lines: lines[:5] + lines[6:],
        "cut_tail": lambda lines: lines[:-5],
    }
    found = {name: _tampered(stage, name, change) for name, change in kinds.items()}
    return "3 copies", {"found": found}


def _tampered(stage: Stage, name: str, change: Callable[[list[bytes]], list[bytes]]) -> str:
    copy = stage.folder / f"audit-{name}"
    shutil.copytree(stage.kept["bundle"], copy)
    path = copy / _RECORDS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))
    report = _offline(stage, copy)
    require(not report.ok, f"the copy with an {name} row verifies")
    kinds = {problem.kind.value for problem in report.problems}
    require(name in kinds, f"expected {name!r} among what was found: {sorted(kinds)}")
    [told] = [problem for problem in report.problems if problem.kind.value == name][:1]
    return told.sentence


def _edit(lines: list[bytes]) -> list[bytes]:
    edited = lines[4].replace(b"Ada Lovelace", b"Eve Lovelace", 1)
    if edited == lines[4]:
        edited = lines[4].replace(b'"done"', b'"lost"', 1)
    return [*lines[:4], edited, *lines[5:]]


def _export(stage: Stage) -> Path:
    archive = stage.folder / "audit.zip"
    archive.write_bytes(stage.owner.send("GET", "/api/v1/audit/export", None, ""))
    folder = stage.folder / "audit"
    with zipfile.ZipFile(archive) as bundle:
        bundle.extractall(folder)
    return folder


def _offline(stage: Stage, folder: Path) -> Report:
    key = stage.owner.get("/api/v1/audit/key")["key"]
    return verify_bundle(folder, key, [stage.kept["newest_checkpoint"]()])


def _told(report: Report) -> str:
    return msgspec.json.encode(report.problems).decode()
