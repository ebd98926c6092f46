"""Every example of the documentation is run, or says why it is not."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from docs.examples import Reader, console, matches
from docs.pages import RUNNABLE, Block, Page, pages

EXAMPLES = [block for page in pages() for block in page.blocks() if block.language in RUNNABLE]
BY_PAGE = {
    name: runnable
    for name, blocks in groupby(EXAMPLES, key=lambda block: block.page)
    if (runnable := [block for block in blocks if block.order == "run"])
}


def test_every_example_says_whether_it_is_run() -> None:
    silent = [block.place for block in EXAMPLES if not block.order]
    assert not silent, f"{silent}: write <!-- run --> or <!-- not run: reason --> on the line before"


@pytest.mark.parametrize("page", BY_PAGE)
def test_the_examples_of_a_page_come_true(page: str, tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    for block in BY_PAGE[page]:
        reader.follow(block)


def _block(language: str, body: str) -> Block:
    return Block("page.md", 1, language, body, "run")


@pytest.mark.parametrize(
    ("language", "body"),
    [
        ("bash", "false | true\n"),
        ("python", "assert 1 == 2\n"),
        ("console", "$ echo one\ntwo\n"),
        ("console", "$ true\n$ false\n"),
        ("console", "$ echo one\none\n$ echo two\none\n"),
    ],
)
def test_an_example_that_does_not_come_true_is_seen(language: str, body: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"page\.md:1"):
        Reader(tmp_path).follow(_block(language, body))


@pytest.mark.parametrize(
    ("language", "body"),
    [
        ("bash", "echo x > kept\n"),
        ("python", "import tenuto\n"),
        ("console", "$ word=one\n$ echo $word \\\n    two\none ...\n$ echo silent\n"),
    ],
)
def test_an_example_that_comes_true_passes(language: str, body: str, tmp_path: Path) -> None:
    Reader(tmp_path).follow(_block(language, body))


def test_a_console_block_is_cut_into_commands_and_output() -> None:
    assert list(console("$ a \\\n  b\nout\n$ c\n")) == [("a \\\n  b", "out"), ("c", "")]


def test_three_dots_stand_for_anything() -> None:
    assert matches("Tenuto ...", "Tenuto 0.1.0\n")
    assert matches("first\n...\nlast", "first\nand\nso on\nlast\n")
    assert not matches("Tenuto", "Tenuto 0.1.0\n")


def test_a_page_is_cut_where_its_fences_stand() -> None:
    run = "<!-- run -->\n```bash\ntrue\n```\n\n"
    left = "<!-- not run: no -->\n```python\n1\n```\n\n"
    text = f"# T\n\n{run}{left}````md\n```bash\n```\n````\n"
    page = Page(Path(__file__).resolve().parents[2] / "x.md", text)
    assert [(block.language, block.order, block.line) for block in page.blocks()] == [
        ("bash", "run", 4),
        ("python", "not run: no", 9),
        ("md", "", 13),
    ]
