"""The pages people read, cut into what the tests look at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNNABLE = {"bash", "console", "python"}
PLATFORM = "run on a platform"

_FENCE = re.compile(
    r"^(?P<ticks>`{3,})(?P<language>[^`\n]*)\n(?P<body>.*?)^(?P=ticks)`*[ \t]*$", re.DOTALL | re.MULTILINE
)
_ORDER = re.compile(r"<!-- (?P<order>run|run on a platform|file: (?P<file>\S+)|not run: [^>]+?) -->\n\s*\Z")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced example. ``order`` is what was said of it before, or "" when nothing was."""

    page: str
    line: int
    language: str
    body: str
    order: str
    file: str = ""  # what the reader writes it into

    @property
    def followed(self) -> bool:
        return bool(self.order) and not self.order.startswith("not run")

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    path: Path
    text: str

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def prose(self) -> str:
        """The text without its fenced blocks, every line still where it was."""
        return _FENCE.sub(lambda block: "\n" * block[0].count("\n"), self.text)

    def blocks(self) -> Iterator[Block]:
        for fence in _FENCE.finditer(self.text):
            order = _ORDER.search(self.text[: fence.start()])
            line = self.text.count("\n", 0, fence.start()) + 1
            language = fence["language"].strip()
            said, file = (order["order"], order["file"] or "") if order else ("", "")
            yield Block(self.name, line, language, fence["body"], said, file)

    def links(self) -> Iterator[tuple[int, str]]:
        prose = re.sub(r"`[^`\n]*`", "", self.prose)
        for link in _LINK.finditer(prose):
            yield prose.count("\n", 0, link.start()) + 1, link["target"]

    def anchors(self) -> set[str]:
        return {slug(heading["title"]) for heading in _HEADING.finditer(self.prose)}


def slug(title: str) -> str:
    """The anchor that a heading gets, as forges and the documentation builder spell it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "")
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def pages() -> list[Page]:
    """Return every page that somebody wrote, generated ones left out."""
    written = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [
        Page(path, path.read_text("utf-8"))
        for path in sorted(written)
        if not {"_build", "generated"} & set(path.relative_to(ROOT).parts)
    ]


def page(name: str) -> Page:
    return Page(ROOT / name, (ROOT / name).read_text("utf-8"))
