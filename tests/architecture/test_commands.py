"""Every command that a fault's fix, a message or a page tells people to type is there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from cyclopts import App

from architecture.house import PACKAGE, ROOT
from docs.pages import pages
from tenuto.cli.application import build

# In backquotes, or typed at a prompt of an example. What stands in capitals is for the reader to fill in.
SPOKEN = re.compile(r"`tenuto (?P<words>[a-z][^`]*)`|^\$ .*?\btenuto (?P<typed>[a-z].*)$", re.MULTILINE)
WORD = re.compile(r"[a-z][a-z-]*\Z")
APP = build()


def spoken(text: str) -> Iterator[list[str]]:
    """Yield the words of each command, up to the first option, argument or name to fill in."""
    for found in SPOKEN.finditer(text):
        words = (found["words"] or found["typed"]).split()
        stop = next((at for at, word in enumerate(words) if not WORD.match(word)), len(words))
        yield words[:stop]


def missing(words: list[str]) -> str:
    """Return the first word that should be a command and is none, or ""."""
    app: App = APP
    for word in words:
        known = set(app) - set(app.help_flags) - set(app.version_flags)
        if not known:
            return ""  # a command that takes arguments
        if word not in known:
            return word
        app = app[word]
    return ""


def _texts() -> dict[str, str]:
    """Everything that speaks to people: the source with its faults and messages, and the written pages."""
    ours = [path for pattern in ("*.py", "*.json", "*.html") for path in PACKAGE.rglob(pattern)]
    texts = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in ours}
    return texts | {page.name: page.text for page in pages()}


def test_every_command_that_people_are_told_to_type_is_there() -> None:
    found = {
        f"{place}: tenuto {' '.join(words)}"
        for place, text in _texts().items()
        for words in spoken(text)
        if missing(words)
    }
    assert not found, "\n".join(["", *sorted(found)])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Run `tenuto audit verify`.", ""),
        ("Run `tenuto audit prove`.", "prove"),
        ("Run `tenuto conduct`.", "conduct"),
        ("`tenuto get KIND [NAME]` and `tenuto describe run ID`", ""),
        ("$ tenuto deploy cells@1 --to cells", ""),
        ("$ env -u TENUTO_URL tenuto audit prove x", "prove"),
    ],
)
def test_a_command_that_is_not_there_is_seen(text: str, word: str) -> None:
    assert [missing(words) for words in spoken(text) if missing(words)] == ([word] if word else [])
