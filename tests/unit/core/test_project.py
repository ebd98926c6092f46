from __future__ import annotations

from pathlib import PurePath

import pytest

from tenuto.core.project import module_name


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("train.py", "train"),
        ("flows/train.py", "flows.train"),
        ("src/shop/__init__.py", "shop"),
        ("src/shop/train.py", "shop.train"),
        ("my-flow.py", None),
        ("notes.txt", None),
        ("__init__.py", None),
        ("../other/train.py", None),
    ],
)
def test_a_file_is_imported_by_its_place_in_the_project(file: str, name: str | None) -> None:
    project = PurePath("/home/ada/shop")
    place = PurePath("/home/ada/other/train.py") if file.startswith("..") else project / file
    assert module_name(project, place) == name
