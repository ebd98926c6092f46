"""What ``tenuto run`` decides before it asks the platform: the project, the pipeline, the parameters."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenuto.cli.commands.runs import _chosen, _parameters, _project_of
from tenuto.cli.errors import PARAMETER_INVALID, PIPELINE_UNCLEAR, PROJECT_INVALID
from tenuto.client.authoring import Pipeline, pipeline, step
from tenuto.core.errors import TenutoError


@step
def nothing(text: str, count: int, share: float, either: str | int, names: list[str], flag: bool) -> None: ...


@pipeline
def first(
    text: str = "x",
    count: int = 1,
    share: float = 0.5,
    either: str | int = 1,
    names: list[str] = ["a"],  # noqa: B006 (read, never changed)
    flag: bool = False,
) -> None:
    nothing(text, count, share, either, names, flag)


@pipeline
def second() -> None:
    nothing("x", 1, 0.5, 1, ["a"], True)


BOTH: dict[str, Pipeline[..., object]] = {"first": first, "second": second}


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ("text=007", '"007"'),
        ("text=", '""'),
        ("text=a=b", '"a=b"'),
        ("count=7", "7"),
        ("share=1", "1"),
        ("share=1e-3", "0.001"),
        ("either=7", "7"),
        ("either=seven", '"seven"'),
        ('names=["a", "b"]', '["a","b"]'),
        ("flag=true", "true"),
    ],
)
def test_a_parameter_is_read_as_the_type_it_is_declared_with(given: str, typed: str) -> None:
    name = given.partition("=")[0]
    assert _parameters(first._as_graph(), [given]) == {name: typed}


@pytest.mark.parametrize(
    "given", ["count", "depth=3", "count=seven", "count=1.5", "names=a", "flag=yes", "=1"]
)
def test_what_is_no_parameter_is_refused_by_name(given: str) -> None:
    with pytest.raises(TenutoError) as refused:
        _parameters(first._as_graph(), [given])
    assert refused.value.fault is PARAMETER_INVALID


def test_the_only_pipeline_of_a_file_needs_no_name() -> None:
    assert _chosen({"first": first}, "", "f.py") is first
    assert _chosen(BOTH, "second", "f.py") is second


@pytest.mark.parametrize("name", ["", "third"])
def test_an_unclear_pipeline_is_asked_for_with_those_there_are(name: str) -> None:
    with pytest.raises(TenutoError) as refused:
        _chosen(BOTH, name, "f.py")
    assert refused.value.fault is PIPELINE_UNCLEAR
    assert "first, second" in refused.value.detail


@pytest.mark.parametrize(
    ("files", "project"),
    [
        (["job.py"], "."),
        (["pkg/__init__.py", "pkg/job.py"], "."),
        (["src/pkg/__init__.py", "src/pkg/sub/__init__.py", "src/pkg/sub/job.py"], "."),
        (["src/job.py"], "."),
        (["jobs/job.py"], "jobs"),
    ],
)
def test_the_project_is_the_folder_that_a_file_is_imported_from(
    tmp_path: Path, files: list[str], project: str
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert _project_of(tmp_path / files[-1]) == tmp_path / project


def test_a_file_that_is_not_there_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(TenutoError) as refused:
        _project_of(tmp_path / "job.py")
    assert refused.value.fault is PROJECT_INVALID
