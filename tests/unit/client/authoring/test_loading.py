from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tenuto.client.authoring import load_pipelines
from tenuto.client.authoring.errors import FILE_NOT_LOADED, TYPE_NOT_POSSIBLE
from tenuto.core.errors import TenutoError

FLOW = """
from tenuto.client import pipeline
from {package}.work import double

@pipeline
def doubling(number: int):
    return double(number)
"""
WORK = """
from tenuto.client import step

@step
def double(number: int) -> int:
    return 2 * number
"""


def project(folder: Path, package: str, flow: str = FLOW, work: str = WORK) -> Path:
    inner = folder / "src" / package
    inner.mkdir(parents=True)
    (inner / "__init__.py").write_text("")
    (inner / "flow.py").write_text(flow.format(package=package))
    (inner / "work.py").write_text(work)
    return inner / "flow.py"


@pytest.mark.capability("O1")
def test_a_files_pipelines_are_imported_as_a_worker_will(tmp_path: Path) -> None:
    before = list(sys.path)
    found = load_pipelines(project(tmp_path, "shop_one"), tmp_path)
    assert list(found) == ["doubling"]
    assert found["doubling"].graph().nodes[0].step == "shop_one.work:double"
    assert sys.path == before


def test_what_stops_the_file_from_being_imported_is_told(tmp_path: Path) -> None:
    broken = project(tmp_path, "shop_two", flow="import nowhere_at_all")
    with pytest.raises(TenutoError, match="nowhere_at_all") as raised:
        load_pipelines(broken, tmp_path)
    assert raised.value.fault is FILE_NOT_LOADED
    assert raised.value.detail.endswith("(src/shop_two/flow.py, line 1)")
    wrong = project(tmp_path / "b", "shop_three", work=WORK.replace("number: int", "number: bytes"))
    with pytest.raises(TenutoError) as raised:
        load_pipelines(wrong, tmp_path / "b")
    assert raised.value.fault is TYPE_NOT_POSSIBLE


def test_a_file_that_has_no_module_name_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "my-flow.py"
    file.write_text("")
    with pytest.raises(TenutoError, match="no module name"):
        load_pipelines(file, tmp_path)
