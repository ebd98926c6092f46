"""From a folder of files to a model in traffic, through the real command alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.running import TENUTO, CommandLine, RunningPlatform
from support.terminal import converse
from tenuto.registry.attestations import public_key_text

pytestmark = [pytest.mark.system]

DECLARED = """\
kind: Workspace
name: factory
spec: {{environment: production}}
---
kind: Source
name: flowers
workspace: factory
spec: {{path: {folder}}}
---
kind: Gate
name: flowers
workspace: factory
spec: {{metrics: {{accuracy: {{min: 0.5}}}}}}
"""

PIPELINE = """\
import numpy as np
from pyarrow import parquet
from sklearn.tree import DecisionTreeClassifier

from tenuto.client import FilePath, pipeline, step
from tenuto.client.steps import load_dataset, package_model, register_model


@step
def features(rows: FilePath) -> np.ndarray:
    table = parquet.read_table(rows)
    print("read", table.num_rows, "rows")
    return np.column_stack([table[name].to_numpy() for name in ("length", "width")])


@step
def labels(rows: FilePath) -> np.ndarray:
    return parquet.read_table(rows)["kind"].to_numpy()


@step
def train(x: np.ndarray, y: np.ndarray, depth: int) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=depth, random_state=0).fit(x, y)


@step
def evaluate(model: DecisionTreeClassifier, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    return {"accuracy": float(model.score(x, y))}


@step(inline=True)
def evidence(metrics: dict[str, float]) -> dict:
    return {"evaluation": metrics}


@pipeline
def flowers(depth: int = 2) -> dict:
    rows = load_dataset("flowers")
    x, y = features(rows), labels(rows)
    model = train(x, y, depth)
    metrics = evaluate(model, x, y)
    packaged = package_model(model, x)
    return register_model("flowers", packaged.file, packaged.packaging, metrics, evidence(metrics))
"""

STUMBLING = """\
import time

from tenuto.client import pipeline, step


@step
def stumble(times: int) -> int:
    raise ValueError("as it was told to")


@pipeline
def stumbling(times: int) -> int:
    return stumble(times)


@step
def dawdle() -> int:
    time.sleep(60)
    return 1


@pipeline
def dawdling() -> int:
    return dawdle()


@pipeline
def twice(times: int) -> None:
    stumble(stumble(times))
"""


@pytest.fixture(scope="module")
def factory(running_platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Ann's command line in a workspace with data, a gate and a file of pipelines."""
    folder = tmp_path_factory.mktemp("factory")
    data = running_platform.home / "sources/flowers"
    data.mkdir(parents=True)
    with (data / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["length", "width", "kind"])
        writer.writerows([index / 10, (index * 7 % 40) / 10, int(index > 40)] for index in range(80))
    (folder / "factory.yaml").write_text(DECLARED.format(folder=data))
    (folder / "jobs").mkdir()
    (folder / "jobs/flowers.py").write_text(PIPELINE)
    (folder / "jobs/stumbling.py").write_text(STUMBLING)
    tenuto = CommandLine(
        folder,
        {
            "TENUTO_URL": running_platform.address,
            "TENUTO_TOKEN": running_platform.key,
            "TENUTO_WORKSPACE": "factory",
        },
    )
    tenuto("apply", "-f", "factory.yaml")
    return tenuto


@pytest.fixture(scope="module")
def model(factory: CommandLine) -> str:
    """A registered version that waits for a decision."""
    assert "flowers@1" in factory("dataset", "ingest", "flowers").stdout
    done = factory("run", "jobs/flowers.py", "--param", "depth=3", "--follow")
    assert "train: succeeded" in done.stderr
    assert "stage: gated" in done.stdout
    return "flowers@1"


@pytest.mark.capability("O1")
def test_a_run_is_followed_described_and_heard(factory: CommandLine, model: str) -> None:
    [run] = factory.json("get", "runs")["items"]
    described = factory("describe", "run", run["id"]).stdout
    assert "status:    succeeded" in described
    assert "depth = 3" in described
    assert factory("logs", run["id"], "--step", "features").stdout == "--- features\nread 80 rows\n"
    assert factory.json("dataset", "show", "flowers@1")["rows"] == 80
    assert "produced_by" in factory("model", "lineage", model).stdout
    assert {one["name"] for one in factory.json("model", "list")["items"]} == {"flowers"}


@pytest.mark.capability("M2")
def test_anybody_can_verify_what_was_signed_about_a_model(
    factory: CommandLine, model: str, tmp_path: Path
) -> None:
    public = tmp_path / "models.pub"
    public.write_text(factory("model", "key").stdout)
    told = factory.json("model", "verify", model, "--key", str(public))
    assert told["digest"] == factory.json("model", "show", model)["digest"]
    assert "the signature holds" in factory("model", "verify", model).stdout
    stranger = public_key_text(Ed25519PrivateKey.generate().public_key())
    for other, code in (
        (stranger, "registry.attestation_invalid"),
        ("ssh-ed25519 AAAA", "registry.signing_key_malformed"),
    ):
        public.write_text(other)
        refused = factory.json("model", "verify", model, "--key", str(public), expect=1)
        assert refused["code"] == code


@pytest.mark.capability("M10")
def test_another_person_approves_this_digest_and_it_goes_into_traffic(
    factory: CommandLine, model: str, tmp_path: Path
) -> None:
    [waiting] = factory.json("get", "approvals")["items"]
    digest = waiting["subject_digest"]
    shown = factory("approve", model, expect=2)
    assert f"digest: {digest}" in shown.stdout
    assert "gate flowers, version 1: passed" in shown.stdout
    refused = factory.json("approve", model, "--digest", digest, expect=1)
    assert refused["code"] == "govern.not_allowed"
    assert "had a part in making it" in refused["detail"]
    assert factory.json("deploy", model, expect=1)["code"] == "registry.not_approved"

    approver = _another_person(factory, tmp_path)
    question = ["registry:model:approve", f"model/{model}"]
    assert factory("explain", "ann@example.com", *question).stdout.startswith("denied: ")
    assert factory("explain", "carla@example.com", *question).stdout.startswith("allowed: ")
    answers = [("digits of the digest to confirm: ", "0" * 12)]
    assert _on_terminal(approver, ["approve", model], answers) == 1
    answers = [("digits of the digest to confirm: ", digest.removeprefix("sha256:")[:12])]
    assert _on_terminal(approver, ["approve", model, "--comment", "good"], answers) == 0
    assert factory.json("approve", model, expect=1)["code"] == "cli.nothing_waits"
    assert factory.json("model", "show", model)["stage"] == "approved"
    assert "+ create Endpoint flowers in factory" in factory("deploy", model).stdout
    assert factory.json("get", "endpoint", "flowers")["spec"] == {"model": "flowers", "version": 1}


def test_a_run_that_fails_says_why_and_ends_so(factory: CommandLine) -> None:
    done = factory("run", "jobs/stumbling.py:stumbling", "-p", "times=1", "--follow", "--json", expect=1)
    assert json.loads(done.stdout)["run"]["status"] == "failed"
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "cli.run_not_succeeded"
    told = factory("describe", "run", error["context"]["run"]).stdout
    assert "stumble: ValueError: as it was told to" in told


def test_a_run_can_be_cancelled(factory: CommandLine) -> None:
    submitted = factory.json("run", "jobs/stumbling.py:dawdling")
    assert factory.json("cancel", submitted["id"])["cancelled"] is True


def test_a_run_that_has_ended_is_not_said_to_stop(factory: CommandLine) -> None:
    done = factory("run", "jobs/stumbling.py:stumbling", "-p", "times=1", "--follow", "--json", expect=1)
    ended = json.loads(done.stdout)["run"]["id"]
    assert factory("cancel", ended).stdout == f"run {ended} had already ended: failed\n"
    assert factory.json("cancel", ended)["cancelled"] is False


def test_a_key_waits_for_a_route_and_says_so(factory: CommandLine) -> None:
    made = factory("key", "create", "shop", "--model", "nosuch")
    assert "no route or endpoint is called nosuch yet" in made.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["run", "jobs/stumbling.py"], "cli.pipeline_unclear"),
        (["run", "jobs/missing.py"], "cli.project_invalid"),
        (["run", "jobs/stumbling.py:twice", "-p", "times=many"], "cli.parameter_invalid"),
        (["run", "jobs/stumbling.py:stumbling"], "pipelines.value_not_possible"),
        (["run", "factory.yaml"], "client.file_not_loaded"),
        (["approve", "flowers"], "cli.name_malformed"),
        (["approve", "flowers@9"], "registry.version_unknown"),
        (["describe", "run", "01a20068-9544-7bd5-a262-a3af4e2b0244"], "pipelines.run_unknown"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_what_cannot_be_done_is_told_by_name(factory: CommandLine, arguments: list[str], code: str) -> None:
    assert factory.json(*arguments, expect=1)["code"] == code


def test_money_is_accounted_even_when_nothing_was_spent(factory: CommandLine) -> None:
    assert factory.json("ledger", "list") == {"items": [], "next": None}
    assert factory.json("ledger", "totals") == {"items": []}
    assert factory("ledger", "budgets").stdout == "no budgets\n"


def _another_person(factory: CommandLine, folder: Path) -> CommandLine:
    token = factory.json("person", "invite", "carla@example.com", "--name", "Carla")["token"]
    factory("access", "grant", "carla@example.com", "approver")
    carla = CommandLine(
        folder, {"TENUTO_URL": factory.environment["TENUTO_URL"], "TENUTO_WORKSPACE": "factory"}
    )
    carla("person", "accept", "--name=Carla", "--stdin", typed=f"{token}\nfour words of carla\n")
    return carla


def _on_terminal(person: CommandLine, arguments: list[str], answers: list[tuple[str, str]]) -> int:
    command = [TENUTO, *arguments]
    return converse(command, answers, folder=person.folder, environment=person.whole_environment).code
