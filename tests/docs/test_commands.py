"""Whatever tells the reader to run a command names one that there is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from architecture.test_faults import DECLARED
from docs.pages import Page, page, pages
from tenuto.cli.application import build
from tenuto.cli.listing import COMMANDS

NAMED = re.compile(
    r"(?:^[$!{ ]*|[|({;&] *|=\S+ +)tenuto (?P<command>[a-z][a-z-]+)(?: (?P<verb>[a-z][a-z-]+))?", re.MULTILINE
)
CODE = re.compile(r"`(?P<code>[^`\n]+)`")


def _groups() -> dict[str, set[str]]:
    """Return the commands, each with the verbs below it; none for one that is no group."""
    app = build()
    found = {}
    for command in COMMANDS:
        own = app[command.name]
        is_group = own.default_command is None
        found[command.name] = {name for name in own if not name.startswith("-")} if is_group else set()
    return found


GROUPS = _groups()


def unknown(code: str) -> list[str]:
    """Return what is called in a piece of code and is no command."""
    missing = []
    for named in NAMED.finditer(code):
        verbs = GROUPS.get(named["command"])
        if verbs is None or (verbs and named["verb"] and named["verb"] not in verbs):
            missing.append(named[0].lstrip("$!{ "))
    return missing


def _code(page: Page) -> Iterator[str]:
    yield from (block.body for block in page.blocks())
    yield from (span["code"] for span in CODE.finditer(page.prose))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_command_that_a_page_names_is_there(page: Page) -> None:
    assert [name for code in _code(page) for name in unknown(code)] == []


def test_every_command_that_a_fix_names_is_there() -> None:
    told = {fault.code: f"{fault.summary} {fault.fix}" for fault in DECLARED.values()}
    spans = {code: [span["code"] for span in CODE.finditer(text)] for code, text in told.items()}
    assert {
        code: found for code, all_ in spans.items() if (found := [x for s in all_ for x in unknown(s)])
    } == {}


def test_every_command_is_told_of_on_some_page() -> None:
    """The generated reference tells of all; here a person says what each is good for."""
    told = {
        named["command"]
        for one in pages()
        if one.name != "docs/capabilities.md"
        for code in _code(one)
        for named in NAMED.finditer(code)
    }
    assert [command.name for command in COMMANDS if command.name not in told] == []


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("tenuto doctor", ["tenuto doctor"]),
        ("tenuto key make shop", ["tenuto key make"]),
        ("tenuto key create shop --workspace x", []),
        ("tenuto get routes", []),
        ("$ TENUTO_TOKEN=x tenuto whoami", []),
        ("import tenuto\nfrom tenuto import x", []),
        ("create database tenuto owner x", []),
        ("git clone x tenuto\nmake", []),
    ],
)
def test_a_command_that_is_not_there_is_seen(code: str, missing: list[str]) -> None:
    assert unknown(code) == missing


def test_pages_are_read_with_their_inline_code() -> None:
    found = list(_code(page("docs/how-to/upgrade.md")))
    assert "tenuto up" in found
