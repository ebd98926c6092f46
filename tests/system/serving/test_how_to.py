"""What docs/how-to/predictions.md shows is done here, word for word, against a deployed model."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.serving_host import RunningHost
from support.serving_models import cancer, scaled_regression, spec_of
from tenuto.serving import errors
from tenuto.serving.words import Deployment

pytestmark = [pytest.mark.system, pytest.mark.capability("M11")]
PAGE = (Path(__file__).parents[3] / "docs/how-to/predictions.md").read_text()
BLOCKS = re.findall(r"^```(bash|python)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def base(host: RunningHost, folder: Path) -> str:
    host.apply(Deployment("cancer", spec_of(scaled_regression(), cancer()[0], folder)))
    return f"http://{host.address}"


def _follow(block: tuple[str, str], base: str, folder: Path) -> str:
    language, text = block
    command = ["bash", "-euo", "pipefail", "-c"] if language == "bash" else [sys.executable, "-c"]
    environment = {"PATH": os.environ["PATH"], "BASE": base, "KEY": "k"}
    done = subprocess.run(
        [*command, text], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_of_the_page_works(base: str, folder: Path) -> None:
    look, curl, python = BLOCKS
    assert json.loads(_follow(look, base, folder))["parameters"]["classes"] == ["0", "1"]
    answer = json.loads(_follow(curl, base, folder))
    assert answer["id"] == "my-request-1"
    assert answer["outputs"][0]["data"] == [0]
    assert "[" in _follow(python, base, folder)


def test_every_code_of_the_page_exists() -> None:
    told = set(re.findall(r"`(serving\.[a-z_]+)`", PAGE))
    known = {fault.code for fault in vars(errors).values() if isinstance(fault, errors.Fault)}
    assert told
    assert told <= known
