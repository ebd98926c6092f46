"""Step 2: a pipeline run that loses its worker in the middle and goes on."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from tenuto.cli.demo.data_steps import DATASET
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.words import DemoFailedError, require, require_equal
from tenuto.client.authoring import load_pipelines
from tenuto.core.graph import to_json
from tenuto.pipelines.code.folder import pack_project

_LIMIT_SECONDS = 120.0
_KILL_AFTER = "train"
MODEL = "breast-cancer"


def train(stage: Stage) -> tuple[str, dict[str, Any]]:
    """Run it, kill the worker once a step has finished, and count executions from the journal."""
    run_id = submit(stage, depth=6)
    finished_before = _kill_when_reached(stage, run_id)
    shown = follow(stage, run_id)
    require_succeeded(shown)
    executions = {task["task"]["node"]: task["executions"] for task in shown["tasks"]}
    for node in finished_before:
        require_equal(executions[node], 1, f"executions of `{node}`, which had finished before the kill")
    version = stage.approver.get(f"/api/v1/models/{MODEL}")
    require_equal(version["stage"], "gated", "stage of the registered version")
    kinds = sorted(one["kind"] for one in version["evidence"])
    require_equal(kinds, ["evaluation", "explanation", "parity", "scan"], "evidence registered with the version")
    stage.kept["first"] = version
    facts = {
        "executions": executions,
        "finished_before_kill": sorted(finished_before),
        "metrics": version["metrics"],
        "worth": evidence_of(stage, version, "explanation"),
        "format": version["format"],
    }
    return run_id, facts


def submit(stage: Stage, *, depth: int) -> str:
    """Trace the pipeline, upload its folder and start it, as the data scientist."""
    found = load_pipelines(stage.project / "pipeline.py", stage.project)["breast_cancer"]
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "project.tar"
        pack_project(stage.project, archive)
        code = json.loads(
            stage.scientist.send(
                "POST", "/api/v1/code?name=breast-cancer", archive.read_bytes(), "application/x-tar"
            )
        )
    graph = json.loads(to_json(found.graph()))
    parameters = {"dataset": json.dumps(DATASET), "name": json.dumps(MODEL), "depth": str(depth)}
    body = {"graph": graph, "code": code["digest"], "parameters": parameters}
    return str(stage.scientist.post("/api/v1/runs", body)["id"])


def follow(stage: Stage, run_id: str) -> dict[str, Any]:
    """Wait for the run's end, seen by somebody else than who started it."""
    told = -1
    deadline = time.monotonic() + _LIMIT_SECONDS
    while time.monotonic() < deadline:
        shown: dict[str, Any] = stage.approver.get(f"/api/v1/runs/{run_id}")
        if shown["run"]["status"] not in {"queued", "running"}:
            return shown
        done = sum(1 for task in shown["tasks"] if task["state"].get("status") == "succeeded")
        if done != told:
            stage.progress(f"{done} of {len(shown['run']['graph']['nodes'])} steps done")
            told = done
        time.sleep(0.2)
    raise DemoFailedError(f"run {run_id} did not end within {_LIMIT_SECONDS:.0f} s")


def require_succeeded(shown: dict[str, Any]) -> None:
    errors = {
        task["task"]["node"]: task["state"]["error"] for task in shown["tasks"] if task["state"].get("error")
    }
    require(shown["run"]["status"] == "succeeded", f"the run ended as {shown['run']['status']}: {errors}")


def evidence_of(stage: Stage, version: dict[str, Any], kind: str) -> Any:
    [found] = [one for one in version["evidence"] if one["kind"] == kind]
    return json.loads(stage.approver.send("GET", f"/api/v1/artifacts/{found['digest']}/content", None, ""))


def _kill_when_reached(stage: Stage, run_id: str) -> set[str]:
    """Kill -9 the worker when a step has finished; return which had by then."""
    deadline = time.monotonic() + _LIMIT_SECONDS
    while time.monotonic() < deadline:
        shown = stage.approver.get(f"/api/v1/runs/{run_id}")
        done = {task["task"]["node"] for task in shown["tasks"] if task["state"].get("status") == "succeeded"}
        require(
            shown["run"]["status"] in {"queued", "running"}, "the run ended before the worker could be killed"
        )
        if _KILL_AFTER in done:
            os.kill(stage.worker_pid(), signal.SIGKILL)
            stage.progress("the worker was killed")
            return done
        time.sleep(0.02)
    raise DemoFailedError(f"`{_KILL_AFTER}` never finished")
