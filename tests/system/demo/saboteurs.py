"""Who breaks the demo from outside: each breaks a real thing at a chosen moment, and the step is to notice."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tenuto.cli.demo.people import Person
from tenuto.cli.demo.simulators import Simulator
from tenuto.cli.demo.stage import WORKSPACE, Stage
from tenuto.client.api import Tenuto

Sabotage = Callable[[Stage], Any]


class Watched(Person):
    """A person whose command line somebody watches: before, after or instead of one command, something happens."""

    def __init__(self, one: Person, command: tuple[str, ...], **moments: Callable[[], Any]) -> None:
        self.__dict__.update(one.__dict__)
        self._one = one
        self._command = command
        self._moments = moments

    @property
    def client(self) -> Tenuto:
        """The person's own: one of this object's would be closed by nobody."""
        return self._one.client

    def tenuto(self, *arguments: str | Path, expect: int = 0) -> Any:
        if tuple(map(str, arguments[: len(self._command)])) != self._command:
            return super().tenuto(*arguments, expect=expect)
        self._happen("before")
        if "instead" in self._moments:
            return self._moments["instead"]()
        told = super().tenuto(*arguments, expect=expect)
        self._happen("after")
        return told

    def _happen(self, moment: str) -> None:
        if moment in self._moments:
            self._moments[moment]()


@contextmanager
def another_cell_in_the_source(stage: Stage) -> Iterator[Stage]:
    """One value of a source file changes after it was written, before it is taken in."""

    def change() -> None:
        file = stage.sources / "breast-cancer" / "part-2.csv"
        lines = file.read_text().splitlines(keepends=True)
        first, comma, rest = lines[1].partition(",")
        lines[1] = f"{float(first) + 1}{comma}{rest}"
        file.write_text("".join(lines))

    yield _with(stage, scientist=Watched(stage.scientist, ("dataset", "ingest"), before=change))


@contextmanager
def a_worker_that_lives_on(stage: Stage) -> Iterator[Stage]:
    """The signal goes to another process, and the worker never notices. The code differs, so nothing is cached."""
    project = stage.folder / "another-project"
    shutil.copytree(stage.project, project)
    file = project / "pipeline.py"
    file.write_text(file.read_text().replace("seed: int = 7", "seed: int = 8"))
    with _decoy() as process:
        yield _with(stage, project=project, worker_pid=lambda: process.pid)


@contextmanager
def an_approval_that_only_says_so(stage: Stage) -> Iterator[Stage]:
    """The command ends well and nothing was approved."""
    yield _with(stage, approver=Watched(stage.approver, ("approve",), instead=lambda: {"stage": "approved"}))


@contextmanager
def another_version_in_traffic(stage: Stage) -> Iterator[Stage]:
    """An earlier version goes into traffic right after the approved one."""
    version = stage.kept["first"].version - 1

    def swap() -> None:
        for one in stage.approver.client.registry.approvals():
            if one.subject_name == f"breast-cancer@{version}":
                stage.approver.client.registry.approve(
                    "breast-cancer", version=version, digest=one.subject_digest
                )
        deploy(stage, version)

    yield _with(stage, patience=3.0, approver=Watched(stage.approver, ("deploy",), after=swap))


@contextmanager
def a_rollback_that_only_says_so(stage: Stage) -> Iterator[Stage]:
    """The command ends well and nothing was rolled back."""
    said = Watched(stage.approver, ("rollback",), instead=lambda: {"verb": "update"})
    # Long enough for the second version to arrive, which this step waits for too.
    yield _with(stage, patience=8.0, second_depth=3, approver=said)
    deploy(stage, stage.kept["first"].version)


@contextmanager
def a_route_that_masks_nothing(stage: Stage) -> Iterator[Stage]:
    route = stage.owner.client.resources.get("Route", "assistant")
    declare(stage, "Route", "assistant", {**(route.spec or {}), "protect_personal_data": False})
    try:
        yield stage
    finally:
        stage.owner.client.resources.rollback("Route", "assistant")


@contextmanager
def an_upstream_that_survives(stage: Stage) -> Iterator[Stage]:
    """What is killed is another process; the first upstream answers on."""
    with _decoy() as process:
        yield _with(stage, first=Simulator(process, stage.first.address, stage.first.log))


@contextmanager
def a_budget_that_only_warns(stage: Stage) -> Iterator[Stage]:
    def soften() -> None:
        budget = stage.owner.client.resources.get("Budget", "pocket-money")
        declare(stage, "Budget", "pocket-money", {**(budget.spec or {}), "hard": False})

    yield _with(stage, owner=Watched(stage.owner, ("apply",), after=soften))


@contextmanager
def a_token_that_was_never_booked(stage: Stage) -> Iterator[Stage]:
    """The upstream's log has counted one token more than the ledger has."""
    log = stage.second.log
    original = log.read_bytes()
    entries = [msgspec.json.decode(line) for line in original.splitlines()]
    entries[-1]["usage"]["output_tokens"] += 1
    log.write_bytes(b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries))
    try:
        yield _with(stage, patience=2.0)
    finally:
        log.write_bytes(original)


@contextmanager
def an_export_that_lost_a_record(stage: Stage) -> Iterator[Stage]:
    archive = stage.folder / "audit.zip"

    def lose() -> None:
        with zipfile.ZipFile(archive) as found:
            content = {name: found.read(name) for name in found.namelist()}
        lines = content["records.jsonl"].splitlines(keepends=True)
        content["records.jsonl"] = b"".join(lines[:7] + lines[8:])
        with zipfile.ZipFile(archive, "w") as written:
            for name, bytes_ in content.items():
                written.writestr(name, bytes_)

    yield _with(stage, owner=Watched(stage.owner, ("audit", "export"), after=lose))


@contextmanager
def copies_that_are_whole_again(stage: Stage) -> Iterator[Stage]:
    """Each falsified copy is put back to what was exported, before it is verified."""

    def mend() -> None:
        for copy in stage.folder.glob("audit-*.zip"):
            shutil.copyfile(stage.folder / "audit.zip", copy)

    yield _with(stage, owner=Watched(stage.owner, ("audit", "key"), after=mend))


SABOTAGES: Mapping[str, Sabotage] = {
    "dataset": another_cell_in_the_source,
    "pipeline": a_worker_that_lives_on,
    "approval": an_approval_that_only_says_so,
    "deployment": another_version_in_traffic,
    "rollback": a_rollback_that_only_says_so,
    "calls": a_route_that_masks_nothing,
    "failover": an_upstream_that_survives,
    "budget": a_budget_that_only_warns,
    "ledger": a_token_that_was_never_booked,
    "audit": an_export_that_lost_a_record,
    "tampering": copies_that_are_whole_again,
}


def declare(stage: Stage, kind: str, name: str, spec: dict[str, Any]) -> None:
    document = {"kind": kind, "name": name, "workspace": WORKSPACE, "spec": spec}
    stage.owner.http.post("/api/v1/apply", {"documents": [document]})


def deploy(stage: Stage, version: int) -> None:
    declare_as = {"kind": "Endpoint", "name": "breast-cancer", "workspace": WORKSPACE}
    document = {**declare_as, "spec": {"model": "breast-cancer", "version": version}}
    stage.approver.http.post("/api/v1/apply", {"documents": [document]})


def _with(stage: Stage, **changes: Any) -> Stage:
    """Return the stage with something replaced; what steps keep for one another stays shared."""
    changed: Stage = msgspec.structs.replace(stage, **changes)
    return changed


@contextmanager
def _decoy() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        yield process
