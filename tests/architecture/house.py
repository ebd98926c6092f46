"""The source of Tenuto as the architecture tests read it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src/tenuto"


@dataclass(frozen=True)
class Source:
    """One Python file. ``path`` is relative to the repository, with forward slashes."""

    path: str
    text: str = field(repr=False)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def inside(self) -> tuple[str, ...]:
        """The path below ``src/tenuto``: room first, file last."""
        return Path(self.path).relative_to("src/tenuto").parts

    @property
    def room(self) -> str:
        return self.inside[0].removesuffix(".py")

    @property
    def module(self) -> str:
        parts = ["tenuto", *self.inside]
        parts[-1] = parts[-1].removesuffix(".py")
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass(frozen=True)
class Violation:
    place: str  # "file:line"
    key: str  # what an exemption names: the file, or file::function
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(frozen=True)
class Rule:
    """Something every file keeps. ``exempt`` maps a violation's key to the reason it may stand."""

    name: str
    check: Callable[[Source], Iterable[Violation]]
    fix: str
    exempt: dict[str, str] = field(default_factory=dict)

    def violations(self, sources: Iterable[Source]) -> list[Violation]:
        return [violation for source in sources for violation in self.check(source)]


def at(source: Source, node: ast.AST | int, what: str, *, name: str = "") -> Violation:
    line = node if isinstance(node, int) else getattr(node, "lineno", 1)
    return Violation(f"{source.path}:{line}", f"{source.path}::{name}" if name else source.path, what)


def sources() -> list[Source]:
    return [read(path) for path in sorted(PACKAGE.rglob("*.py"))]


def read(path: Path) -> Source:
    return Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def called_name(node: ast.expr) -> str:
    """The last part of what is called or named: ``use_case`` for ``@use_case(...)`` and ``@x.use_case``."""
    if isinstance(node, ast.Call):
        return called_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
