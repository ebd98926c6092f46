"""No page points at something that is not there."""

from __future__ import annotations

import pytest

from docs.pages import ROOT, Page, pages, slug

GENERATED = ROOT / "docs/reference/generated"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Page) -> None:
    broken = [f"{page.name}:{line}: {target}" for line, target in page.links() if not _leads(page, target)]
    assert not broken, "\n".join(["", *broken])


def _leads(page: Page, target: str) -> bool:
    if "://" in target or target.startswith("mailto:"):
        return True
    file, _, anchor = target.partition("#")
    if not file:
        return anchor in page.anchors()
    path = (page.path.parent / file).resolve()
    if path.is_relative_to(GENERATED):
        return True  # built with the documentation, which fails on a broken link
    if not path.is_relative_to(ROOT) or not path.exists():
        return False
    return not anchor or (path.suffix == ".md" and anchor in Page(path, path.read_text("utf-8")).anchors())


def test_a_broken_link_is_seen() -> None:
    page = Page(
        ROOT / "docs/made-up.md",
        "# A `b` c\n[x](#a-b-c) [x](index.md) [x](gone.md) [x](#gone)\n`[x](gone.md)`",
    )
    assert [target for _, target in page.links() if not _leads(page, target)] == ["gone.md", "#gone"]


def test_anchors_are_spelled_as_the_builder_spells_them() -> None:
    assert slug("1. The house, and `its` values") == "1-the-house-and-its-values"
