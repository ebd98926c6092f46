"""Files that are not what they should be, through the real command: told by place, with a fix, and nothing kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.running import CommandLine, RunningPlatform

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("nothing_kept")]

ROUTE = "kind: Route\nname: chat\nworkspace: lab\nspec: {upstreams: [{provider: none, model: m}]}\n"


def told(tenuto: CommandLine, *command: str) -> tuple[str, str]:
    """Run a command that is refused, once for people and once for programs. Returns code and detail."""
    shown = tenuto(*command, expect=1)
    error = tenuto.json(*command, expect=1)
    assert shown.stdout == ""
    assert "Traceback" not in shown.stderr
    assert f"error: {error['code']}" in shown.stderr
    assert f"fix: {error['fix']}" in shown.stderr
    return error["code"], error["detail"]


@pytest.mark.capability("C15")
@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"kind: Route\nspec: [\n", "client.yaml_broken", "wrong.yaml:3:1: "),
        (b"kind: Route\n\tname: x\n", "client.yaml_broken", "wrong.yaml:2:1: "),
        (b"kind: Route\nname: \xff\xfe\n", "client.yaml_broken", "wrong.yaml"),
        (ROUTE.replace("name:", "nmae:").encode(), "core.unknown_field", "`nmae`: did you mean `name`?"),
        (ROUTE.replace("upstreams", "upstraems").encode(), "core.unknown_field", "mean `upstreams`?"),
        (ROUTE.replace("{upstreams", "{retries: x, upstreams").encode(), "core.unknown_field", "`retries`"),
    ],
    ids=["an open bracket", "a tab", "not UTF-8", "a field", "a field of the spec", "a field nobody knows"],
)
def test_a_document_that_cannot_be_applied(lab: CommandLine, content: bytes, code: str, said: str) -> None:
    (lab.folder / "wrong.yaml").write_bytes(content)
    found, detail = told(lab, "apply", "-f", "wrong.yaml", "--yes")
    assert found == code
    assert said in detail


FLOW = """\
from tenuto.client import pipeline, step


@step
def one() -> int:
    return 1


@pipeline
def flow() -> int:
    return one()
"""

CSV = {
    "wrong types": (
        b"a,b\n1,2\n3,four\n",
        "row 3, column `b`: CSV conversion error to int64: invalid value 'four'",
    ),
    "an open quote": (b'a,b\n1,2\n3,"4\n5,6\n', "row 3: a quoted value is not closed"),
    "not UTF-8": (b"a,b\n\xff,2\n", "row 2, column `a`: not valid UTF-8"),
    "a name twice": (b"b,b\n1,2\n", "row 1: columns are named twice: b"),
    "a ragged row": (b"a,b\n1,2\n3\n", "row 3: Expected 2 columns, got 1"),
    "nothing": (b"", "Empty CSV file"),
}


@pytest.fixture(scope="module")
def sources(running_platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the declared sources; each is a CSV file with a column `b` of whole numbers."""
    folder = running_platform.home / "sources"
    folder.mkdir(exist_ok=True)
    own = tmp_path_factory.mktemp("declaring")
    tenuto = CommandLine(own, {"TENUTO_URL": running_platform.address, "TENUTO_TOKEN": running_platform.key})
    documents = ["kind: Workspace\nname: lab\nspec: {environment: development}\n"]
    documents += [
        f"kind: Source\nname: {_slug(name)}\nworkspace: lab\n"
        f"spec: {{path: {folder / _slug(name)}.csv, columns: {{b: integer}}}}\n"
        for name in [*CSV, "too large"]
    ]
    (own / "all.yaml").write_text("---\n".join(documents))
    tenuto("apply", "-f", "all.yaml")
    return folder


def _slug(name: str) -> str:
    return re.sub(r"\W", "-", name).lower()


@pytest.mark.capability("D4")
@pytest.mark.parametrize("name", CSV)
@pytest.mark.usefixtures("sources")
def test_a_table_that_cannot_be_read(lab: CommandLine, sources: Path, name: str) -> None:
    content, said = CSV[name]
    (sources / f"{_slug(name)}.csv").write_bytes(content)
    code, detail = told(lab, "dataset", "ingest", _slug(name))
    assert code == "data.content_invalid"
    assert detail.startswith(f"{_slug(name)}.csv")
    assert said in detail


def test_a_table_of_three_gigabytes_is_refused_and_takes_no_memory(
    lab: CommandLine, sources: Path, running_platform: RunningPlatform
) -> None:
    before = _most_memory(running_platform)
    with (sources / "too-large.csv").open("wb") as file:
        file.write(b"a,b\n")
        file.truncate(3 << 30)
    code, detail = told(lab, "dataset", "ingest", "too-large")
    assert code == "data.source_too_large"
    assert "at most 500000000 are read" in detail
    assert _most_memory(running_platform) < before + 64 * 1024


def _most_memory(platform: RunningPlatform) -> int:
    """Return the most memory that the processes ever held, in KiB."""
    status = [Path(f"/proc/{pid}/status").read_text() for pid in platform.pids.values()]
    return sum(int(found[1]) for text in status if (found := re.search(r"VmHWM:\s+(\d+)", text)))


def test_a_project_of_three_gigabytes_is_refused_at_home(lab: CommandLine) -> None:
    (lab.folder / "flow.py").write_text(FLOW)
    with (lab.folder / "data.bin").open("wb") as file:
        file.truncate(3 << 30)
    assert told(lab, "run", "flow.py")[0] == "pipelines.folder_too_large"
