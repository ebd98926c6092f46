"""Nobody is told to set a variable that would keep the platform from starting."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from docs.pages import ROOT
from tenuto.app.errors import SETTING_UNKNOWN
from tenuto.app.settings import read_settings
from tenuto.core.errors import TenutoError

# What is written to be copied: pages, the console's templates and texts, and the programs that print samples.
PLACES = {"docs": {".md"}, "src/tenuto": {".html", ".json", ".py", ".md"}}
BUILT = ROOT / "docs" / "_build"
COPIED = re.compile(r"(?:\bexport |\$\{?|environ\[.)(TENUTO_[A-Z_]+)")


def _variables() -> Iterator[tuple[str, str]]:
    files = [ROOT / "README.md"]
    for folder, kinds in PLACES.items():
        found = (ROOT / folder).rglob("*")
        files += [one for one in found if one.suffix in kinds and not one.is_relative_to(BUILT)]
    for file in files:
        for match in COPIED.finditer(file.read_text(encoding="utf-8")):
            yield match[1], str(file.relative_to(ROOT))


def _refused(variable: str) -> bool:
    try:
        read_settings({variable: "x"})
    except TenutoError as error:
        return error.fault is SETTING_UNKNOWN
    return False


def test_what_is_shown_to_be_set_is_a_setting() -> None:
    shown = set(_variables())
    assert ("TENUTO_DATABASE_URL", "docs/how-to/outside-postgresql.md") in shown
    assert sorted(each for each in shown if _refused(each[0])) == []


@pytest.mark.parametrize(
    "text", ["export TENUTO_NONE=x", 'Bearer $TENUTO_NONE"', "${TENUTO_NONE}", 'os.environ["TENUTO_NONE"]']
)
def test_a_variable_that_is_none_is_seen(text: str) -> None:
    found = COPIED.search(text)
    assert found is not None
    assert _refused(found[1])
