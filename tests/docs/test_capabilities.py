"""The table of capabilities claims what tests prove, and tests prove what the table knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from docs.pages import ROOT, page

ROW = re.compile(
    r"^\| (?P<id>[A-Z]\d+) \| (?P<what>[^|]+) \| (?P<state>[^|]+) \| ?(?P<where>[^|]*?) ?\|$", re.MULTILINE
)
LINK = re.compile(r"\[[^]]+\]\((?P<page>[^)#]+)[^)]*\)")
STATE = re.compile(r"works|works in part: .+|not yet")
COUNTS = {"G": 25, "O": 10, "D": 10, "M": 15, "W": 10, "S": 10, "C": 19, "U": 13}


@dataclass(frozen=True)
class Row:
    id: str
    what: str
    state: str
    where: str


def rows(text: str) -> list[Row]:
    return [
        Row(**{name: value.strip() for name, value in row.groupdict().items()}) for row in ROW.finditer(text)
    ]


def marked(text: str) -> Iterator[tuple[int, str]]:
    """Find each identifier in ``pytest.mark.capability(...)``, wherever the mark stands."""
    for node in ast.walk(ast.parse(text)):
        is_mark = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_mark and node.func.attr == "capability":
            for argument in node.args:
                yield (
                    node.lineno,
                    argument.value if isinstance(argument, ast.Constant) else ast.unparse(argument),
                )


@pytest.fixture(scope="module")
def table() -> list[Row]:
    return rows(page("docs/capabilities.md").text)


@pytest.fixture(scope="module")
def marks() -> dict[str, list[str]]:
    """Identifier -> the places of the tests that carry it."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for line, identifier in marked(path.read_text("utf-8")):
            found.setdefault(identifier, []).append(f"{path.relative_to(ROOT)}:{line}")
    return found


def test_the_table_has_every_row_once_and_in_order(table: list[Row]) -> None:
    expected = [f"{area}{number}" for area, count in COUNTS.items() for number in range(1, count + 1)]
    assert [row.id for row in table] == expected


def test_every_state_is_one_of_three(table: list[Row]) -> None:
    assert [f"{row.id}: {row.state}" for row in table if not STATE.fullmatch(row.state)] == []


def test_every_mark_names_a_row(table: list[Row], marks: dict[str, list[str]]) -> None:
    unknown = {
        identifier: places
        for identifier, places in marks.items()
        if identifier not in {row.id for row in table}
    }
    assert not unknown, f"no row of docs/capabilities.md is called so: {unknown}"


def test_what_works_is_tested_and_documented(table: list[Row], marks: dict[str, list[str]]) -> None:
    works = [row for row in table if row.state == "works"]
    assert [row.id for row in works if row.id not in marks] == [], "claimed, and no test is marked with it"
    assert [row.id for row in works if "](" not in row.where] == [], "claimed, and no page says how"


def test_what_works_in_part_has_a_page_and_a_test_or_examples_that_are_run(
    table: list[Row], marks: dict[str, list[str]]
) -> None:
    partly = [row for row in table if row.state.startswith("works in part")]
    assert [row.id for row in partly if not LINK.fullmatch(row.where)] == []
    untested = [row for row in partly if row.id not in marks]
    assert [row.id for row in untested if not _is_followed(row)] == []


def _is_followed(row: Row) -> bool:
    link = LINK.fullmatch(row.where)
    assert link is not None
    return any(block.followed for block in page(f"docs/{link['page']}").blocks())


def test_what_is_not_there_yet_is_not_marked(table: list[Row], marks: dict[str, list[str]]) -> None:
    assert [row.id for row in table if row.state == "not yet" and row.id in marks] == []


def test_marks_are_found_wherever_they_stand() -> None:
    text = """
import pytest
pytestmark = pytest.mark.capability("G1")
@pytest.mark.capability("G2", "G3")
def test_one(): ...
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.capability("G4"))])
def test_two(x): ...
"""
    assert {identifier for _, identifier in marked(text)} == {"G1", "G2", "G3", "G4"}


def test_rows_are_read_with_their_parts() -> None:
    text = "| G1 | One address | works in part: no Gemini | [how](x.md) |\n| G2 | More | not yet | |\n"
    assert rows(text) == [
        Row("G1", "One address", "works in part: no Gemini", "[how](x.md)"),
        Row("G2", "More", "not yet", ""),
    ]
