"""Step 2: a pipeline run that loses its worker in the middle and goes on."""

from __future__ import annotations

import json
import os
import signal
import time

import msgspec

from tenuto.cli.demo.data_steps import DATASET, fetched
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.words import DemoFailedError, Proof, require, require_equal
from tenuto.client.words import Edge, ModelVersion, RunDetail, Task
from tenuto.core.errors import TenutoError
from tenuto.registry.attestations import read_public_key, require_attested

MODEL = "breast-cancer"
EVIDENCE = ["evaluation", "explanation", "parity", "scan"]
_LIMIT_SECONDS = 120.0
_KILL_AFTER = "train"
_UNDER_WAY = frozenset({"queued", "running"})


class Trained(msgspec.Struct, frozen=True):
    """A run whose worker was killed: what had finished by then, and the worker's process before and after."""

    run: str
    finished: list[str]
    killed: int
    worker: int
    author: str


class SeenRun(msgspec.Struct, frozen=True):
    detail: RunDetail
    version: ModelVersion
    lineage: list[Edge]
    worth: dict[str, float]
    key: str  # the public one that signatures are verified with


def train(stage: Stage) -> Trained:
    """Run it as the data scientist, and kill the worker once a step has finished."""
    run = start(stage, depth=6)
    finished, killed = _kill_when_reached(stage, run)
    follow(stage, run)
    return Trained(run, sorted(finished), killed, stage.worker_pid(), stage.scientist.id)


def look(stage: Stage, work: Trained) -> SeenRun:
    """Read the journal, the version and its evidence as the approver."""
    registry = stage.approver.client.registry
    detail = stage.approver.client.runs.get(work.run)
    version = registry.model(MODEL)
    stage.kept["first"] = version
    lineage = registry.lineage(MODEL, version.version)
    found = [one.digest for one in version.evidence if one.kind == "explanation"]
    worth = json.loads(fetched(stage, stage.approver, found[0])) if found else {}
    return SeenRun(detail, version, lineage, worth, registry.signing_key())


def judge(work: Trained, seen: SeenRun) -> Proof:
    require_equal(seen.detail.run.id, work.run, "id of the run")
    require_succeeded(seen.detail)
    executions = _judge_executions(work, seen.detail)
    _judge_version(work, seen)
    facts = {
        "executions": executions,
        "finished_before_kill": work.finished,
        "metrics": seen.version.metrics,
        "worth": seen.worth,
        "format": seen.version.format,
    }
    return Proof(work.run, facts)


def start(stage: Stage, *, depth: int) -> str:
    """Run the pipeline's file with the command line."""
    settings = ["--param", f"depth={depth}", "--param", f"dataset={DATASET}", "--param", f"name={MODEL}"]
    made = stage.scientist.tenuto("run", stage.project / "pipeline.py", *settings)
    return str(made["id"])


def follow(stage: Stage, run: str) -> RunDetail:
    """Wait for the run's end, as who started it."""
    told = -1
    deadline = time.monotonic() + _LIMIT_SECONDS
    while time.monotonic() < deadline:
        shown = watched(stage, run)
        if shown.run.status not in _UNDER_WAY:
            return shown
        done = len(_succeeded(shown))
        if done != told:
            stage.progress(f"{done} of {len(shown.run.graph['nodes'])} steps done")
            told = done
        time.sleep(0.2)
    raise DemoFailedError(f"run {run} did not end within {_LIMIT_SECONDS:.0f} s")


def watched(stage: Stage, run: str) -> RunDetail:
    return msgspec.convert(stage.scientist.http.get(f"/api/v1/runs/{run}"), RunDetail)


def producing_run(producer: str) -> str:
    """Return the id of the run in ``run:ID/STEP``."""
    return producer.removeprefix("run:").partition("/")[0]


def require_succeeded(detail: RunDetail) -> None:
    errors = {task.task.node: task.state.error.message for task in detail.tasks if task.state.error}
    require(detail.run.status == "succeeded", f"the run ended as {detail.run.status}: {errors}")


def _judge_executions(work: Trained, detail: RunDetail) -> dict[str, int]:
    """Nothing that had finished was redone, something was left to do, and another worker did it."""
    tasks = {task.task.node: task for task in detail.tasks}
    require_equal(sorted(tasks), sorted(_nodes(detail)), "steps in the journal, against the pipeline's")
    require(_KILL_AFTER in work.finished, f"`{_KILL_AFTER}` had not finished when the worker was killed")
    require(set(work.finished) < set(tasks), "nothing was left to do after the worker was killed")
    require(work.worker != work.killed, f"process {work.killed}, the killed worker, is still the worker")
    executions = {node: task.executions for node, task in tasks.items()}
    for node in work.finished:
        require_equal(executions[node], _once(tasks[node]), f"executions of `{node}`, done before the kill")
    for node in set(tasks) - set(work.finished):
        require(executions[node] >= _once(tasks[node]), f"`{node}` was never executed")
    return executions


def _judge_version(work: Trained, seen: SeenRun) -> None:
    version = seen.version
    require_equal(version.stage, "gated", "stage of the registered version")
    require(version.gate is not None and version.gate.passed, "the version has not passed its gate")
    require_equal(producing_run(version.producer), work.run, "run that made the version")
    require(work.author in version.authors, "who started the run is not an author of the version")
    require_equal(sorted(one.kind for one in version.evidence), EVIDENCE, "evidence with the version")
    _judge_signature(version, seen.key)
    made_of = {(edge.from_kind, edge.relation) for edge in seen.lineage}
    require(("Dataset", "read_by") in made_of, f"the lineage knows no dataset: {sorted(made_of)}")
    features = [one["name"] for one in version.signature.get("signature", {}).get("inputs", [])]
    require(features, "the version does not say what it takes")
    require(any(worth > 0 for worth in seen.worth.values()), "the explanation finds no feature of any worth")


def _judge_signature(version: ModelVersion, key: str) -> None:
    try:
        require_attested(read_public_key(key), version.attestation, version.digest)
    except TenutoError as error:
        raise DemoFailedError(f"the version's signature does not hold: {error}") from error


def _once(task: Task) -> int:
    """A step whose result was in the cache already was not executed at all."""
    return 0 if task.cache == "hit" else 1


def _nodes(detail: RunDetail) -> list[str]:
    return [str(node["name"]) for node in detail.run.graph["nodes"]]


def _succeeded(detail: RunDetail) -> set[str]:
    return {task.task.node for task in detail.tasks if task.state.status == "succeeded"}


def _kill_when_reached(stage: Stage, run: str) -> tuple[set[str], int]:
    """Kill -9 the worker when a step has finished; return which had by then, and the process."""
    deadline = time.monotonic() + _LIMIT_SECONDS
    while time.monotonic() < deadline:
        shown = watched(stage, run)
        done = _succeeded(shown)
        require(shown.run.status in _UNDER_WAY, "the run ended before the worker could be killed")
        if _KILL_AFTER in done:
            worker = stage.worker_pid()
            os.kill(worker, signal.SIGKILL)
            stage.progress("the worker was killed")
            return done, worker
        time.sleep(0.02)
    raise DemoFailedError(f"`{_KILL_AFTER}` never finished")
