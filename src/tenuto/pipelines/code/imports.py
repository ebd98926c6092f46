"""Which files of a project a module reaches by importing, read from the source and never by running it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator

from tenuto.core.errors import TenutoError
from tenuto.core.project import SOURCE_FOLDERS
from tenuto.pipelines.errors import CODE_NOT_FOUND

_IMPORTERS = {"import_module", "__import__"}


class Imported:
    """What one file imports: modules by absolute name, and whether some cannot be foreseen."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.packages: set[str] = set()  # imported with a star: any of their modules may be meant
        self.unforeseen = False


class Sources:
    """The files of a project, by name, as Python would find them."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)

    def files_of(self, module: str) -> list[str]:
        """Return the files that importing ``module`` runs: its own and its packages'. Empty if not here."""
        own = self._own(module)
        if own is None:
            return []
        parents = module.split(".")[:-1]
        packages = [self._own(".".join(parents[: length + 1])) for length in range(len(parents))]
        return [name for name in (*packages, own) if name is not None]

    def modules_in(self, package: str) -> Iterator[str]:
        """Yield the modules that stand directly in ``package``."""
        for folder in _folders(package):
            for name in self._names:
                rest = name.removeprefix(folder)
                if name.startswith(folder) and name.endswith(".py") and rest.count("/") <= 1:
                    yield f"{package}.{rest.removesuffix('.py').removesuffix('/__init__')}"

    def all_python(self) -> Iterator[str]:
        return (name for name in self._names if name.endswith((".py", ".so")))

    def _own(self, module: str) -> str | None:
        for folder in _folders(module):
            stem = folder.removesuffix("/")
            candidates = (f"{folder}__init__.py", f"{stem}.py")
            found = next((name for name in candidates if name in self._names), None) or self._compiled(stem)
            if found is not None:
                return found
        return None

    def _compiled(self, stem: str) -> str | None:
        matching = (name for name in self._names if name.startswith(f"{stem}.") and name.endswith(".so"))
        return min(matching, default=None)


def reachable(sources: Sources, module: str, imports: Callable[[str], Imported]) -> set[str]:
    """Return the files that ``module`` reaches. ``imports`` tells what a file imports, by the file's name.

    A file that imports by a name it computes may reach anything: then every Python file counts.
    """
    start = sources.files_of(module)
    if not start:
        raise TenutoError(CODE_NOT_FOUND, f"there is no module `{module}`", module=module)
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        what = imports(name)
        if what.unforeseen:
            return set(sources.all_python())
        starred = (one for package in what.packages for one in sources.modules_in(package))
        for target in (*what.modules, *starred):
            waiting += sources.files_of(target)
    return found


def imports_of(content: bytes, name: str) -> Imported:
    """Return what a file imports. One that is no Python imports nothing, and fails when it is run."""
    found = Imported()
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return found
    package = package_of(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            _add_from(found, _absolute(node.module or "", node.level, package), node.names)
        elif isinstance(node, ast.Call) and _called(node) in _IMPORTERS:
            _add_call(found, node, package)
    return found


def package_of(name: str) -> str:
    """Return the package that a file's relative imports start from: ``src/a/b.py`` is in ``a``."""
    for folder in SOURCE_FOLDERS:
        prefix = "" if folder == "." else f"{folder}/"
        if name.startswith(prefix):
            return ".".join(name.removeprefix(prefix).split("/")[:-1])
    return ""


def _add_from(found: Imported, base: str, aliases: Iterable[ast.alias]) -> None:
    if base:
        found.modules.add(base)
    for alias in aliases:
        if alias.name == "*":
            found.packages.add(base)
        else:
            found.modules.add(f"{base}.{alias.name}" if base else alias.name)


def _add_call(found: Imported, node: ast.Call, package: str) -> None:
    name = node.args[0] if node.args else None
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
        found.unforeseen = True
        return
    level = len(name.value) - len(name.value.lstrip("."))
    found.modules.add(_absolute(name.value[level:], level, package))


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _absolute(module: str, level: int, package: str) -> str:
    if level == 0:
        return module
    parts = package.split(".") if package else []
    kept = parts[: len(parts) - level + 1]
    return ".".join([*kept, *([module] if module else [])])


def _folders(module: str) -> Iterator[str]:
    path = module.replace(".", "/")
    for folder in SOURCE_FOLDERS:
        yield f"{path}/" if folder == "." else f"{folder}/{path}/"
