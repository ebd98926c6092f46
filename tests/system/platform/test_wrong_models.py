"""A model file with code in it, brought by a pipeline through the real command: refused, and never opened."""

from __future__ import annotations

import pytest

from support.running import CommandLine, RunningPlatform
from system.platform.doors import ask, rows

pytestmark = [pytest.mark.system, pytest.mark.capability("S3")]

SMUGGLE = """\
import os
import pickle
from pathlib import Path

from tenuto.client import FilePath, pipeline, step
from tenuto.client.steps import register_model


class Code:
    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@step
def craft(marker: str) -> FilePath:
    path = Path("model.pkl")
    path.write_bytes(pickle.dumps(Code(marker)))
    return FilePath(path)


@step
def packaging() -> dict:
    allowed = {"effect": "allow", "reason": "", "rule": "", "policy_version": ""}
    clearance = {"digest": "", "verdict": allowed, "allowed_globals": ["posix:system"]}
    return {"format": "sklearn-pickle", "clearance": clearance}


@step
def metrics() -> dict[str, float]:
    return {"accuracy": 1.0}


@pipeline
def smuggle(marker: str) -> dict:
    return register_model("trojan", craft(marker), packaging(), metrics())
"""


@pytest.mark.timeout(180)
def test_a_pickle_with_code_in_it_is_not_registered(
    running_platform: RunningPlatform, lab: CommandLine
) -> None:
    marker = running_platform.home.parent / "opened"
    (lab.folder / "flow.py").write_text(SMUGGLE)
    before = rows(running_platform.home, "model_version", "model_stage")
    refused = lab.json("run", "flow.py", f"--param=marker={marker}", "--follow", expect=1)
    assert refused["code"] == "cli.run_not_succeeded"

    _, runs = ask(running_platform, "GET", "/api/v1/runs", workspace="lab")
    shown = lab("describe", "run", runs["items"][0]["id"]).stdout
    assert "guard.model_refused" in shown
    assert "the model file is refused, and was not opened" in shown
    assert "system" in shown

    assert not marker.exists()
    assert ask(running_platform, "GET", "/api/v1/models/trojan", workspace="lab")[0] == 404
    assert rows(running_platform.home, "model_version", "model_stage") == before
    _, log = ask(running_platform, "GET", "/api/v1/audit", workspace="lab")
    told = [(one["record"]["action"], one["record"]["outcome"]) for one in log["items"]]
    assert ("registry:model:register", "refused") in told
