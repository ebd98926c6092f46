"""Every example of the documentation is run, or says why it is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from docs.examples import Reader, console, matches
from docs.pages import PLATFORM, RUNNABLE, Block, Page, pages
from support.running import OWNER, PASSWORD, CommandLine, RunningPlatform

EXAMPLES = [block for page in pages() for block in page.blocks() if block.language in RUNNABLE or block.order]
BY_PAGE = {
    name: followed
    for name, blocks in groupby(EXAMPLES, key=lambda block: block.page)
    if (followed := [block for block in blocks if block.followed])
}
ON_A_PLATFORM = {name for name, blocks in BY_PAGE.items() if any(block.order == PLATFORM for block in blocks)}


def test_every_example_says_whether_it_is_run() -> None:
    silent = [block.place for block in EXAMPLES if not block.order]
    assert not silent, f"{silent}: say before each what the test does; see docs/how-to/write-documentation.md"


@pytest.mark.timeout(600)  # a page is a whole journey; each block of it has a limit of its own
@pytest.mark.parametrize("page", sorted(BY_PAGE.keys() - ON_A_PLATFORM))
def test_the_examples_of_a_page_come_true(page: str, tmp_path: Path) -> None:
    _follow(Reader(tmp_path), page)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", sorted(ON_A_PLATFORM))
def test_the_examples_of_a_page_come_true_on_a_platform(
    page: str, tmp_path: Path, running_platform: RunningPlatform, model_server: str
) -> None:
    """The reader is signed in as the owner; all such pages share one platform, so each has names of its own."""
    sign_in = ["login", f"--url={running_platform.address}", f"--email={OWNER}", "--stdin"]
    CommandLine(tmp_path)(*sign_in, typed=f"{PASSWORD}\n")
    reader = Reader(
        tmp_path,
        TENUTO_URL=running_platform.address,
        TENUTO_HOME=str(running_platform.home),
        MODEL_SERVER=model_server,
    )
    _follow(reader, page)


def _follow(reader: Reader, page: str) -> None:
    try:
        for block in BY_PAGE[page]:
            reader.follow(block)
    finally:
        reader.leave()


def test_what_a_page_leaves_running_is_ended(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    left = "timeout 90 sleep 80 > /dev/null 2>&1 &\necho $! > pid\n"
    reader.follow(_block("bash", left))
    reader.leave()
    gone = "while kill -0 $(cat pid) 2> /dev/null; do sleep 0.05; done\n"
    Reader(tmp_path).follow(_block("bash", gone))


@pytest.fixture(scope="module")
def model_server() -> Iterator[str]:
    """The address of a server that speaks as OpenAI's does."""
    command = [sys.executable, "-m", "tenuto.testing.provider_simulator", "--api-key", "sk-simulated"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().removeprefix("ready ").strip() + "/v1"
        finally:
            process.terminate()


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
    kept = "<!-- file: a/b.yaml -->\n```yaml\nx: 1\n```\n\n"
    text = f"# T\n\n{run}{left}{kept}````md\n```bash\n```\n````\n"
    page = Page(Path(__file__).resolve().parents[2] / "x.md", text)
    assert [(block.language, block.order, block.line) for block in page.blocks()] == [
        ("bash", "run", 4),
        ("python", "not run: no", 9),
        ("yaml", "file: a/b.yaml", 14),
        ("md", "", 18),
    ]
    assert [block.file for block in page.blocks() if block.followed] == ["", "a/b.yaml"]
