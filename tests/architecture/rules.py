"""The rules one file at a time can keep or break. Each exemption names its reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from architecture.house import Rule, Source, Violation, at, called_name, functions

SETTINGS = ("app", "settings")
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
PICKLES = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
BANNED_WORDS = {"manager", "helper", "util", "misc", "common"}
CONTAINERS = {
    "list",
    "dict",
    "set",
    "bytearray",
    "defaultdict",
    "deque",
    "OrderedDict",
    "Counter",
    "ChainMap",
}
MUTATORS = {
    "append",
    "add",
    "update",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "discard",
    "clear",
    "setdefault",
}
MAX_FUNCTION = 60
MAX_FILE = 500


def environment_reads(source: Source) -> Iterator[Violation]:
    if _is_part(source, *SETTINGS):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT and called_name(node.value) == "os":
            yield at(source, node, f"reads the environment (os.{node.attr})")
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            for name in ENVIRONMENT & {alias.name for alias in node.names}:
                yield at(source, node, f"imports os.{name}")


def unregistered_use_cases(source: Source) -> Iterator[Violation]:
    if not _is_part(source, "use_cases"):
        return
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            decorators = [called_name(decorator) for decorator in node.decorator_list]
            if "use_case" not in decorators:
                yield at(source, node, f"{node.name} is exported without @use_case(...)", name=node.name)


def long_functions(source: Source) -> Iterator[Violation]:
    for node in functions(source.tree):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > MAX_FUNCTION:
            yield at(source, node, f"{node.name} has {length} lines, {MAX_FUNCTION} at most", name=node.name)


def long_files(source: Source) -> Iterator[Violation]:
    length = source.text.count("\n")
    if length > MAX_FILE:
        yield at(source, length, f"{length} lines, {MAX_FILE} at most")


def prints(source: Source) -> Iterator[Violation]:
    if source.room == "cli":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield at(source, node, "prints")


def mutable_module_state(source: Source) -> Iterator[Violation]:
    for name, node in _module_containers(source.tree):
        if name.startswith("__"):
            continue
        if not name.isupper():
            yield at(source, node, f"{name} is a mutable container at module level", name=name)
        elif line := _mutated(source.tree, name):
            yield at(source, line, f"the constant {name} is changed", name=name)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Global):
            yield at(source, node, f"global {', '.join(node.names)}", name=node.names[0])


def banned_names(source: Source) -> Iterator[Violation]:
    for part in source.inside:
        if word := _banned(part.removesuffix(".py")):
            yield at(source, 1, f"the path says {word!r}")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and (word := _banned(node.name)):
            yield at(source, node, f"class {node.name} says {word!r}", name=node.name)


def pickles(source: Source) -> Iterator[Violation]:
    for node in ast.walk(source.tree):
        for name in _imported(node):
            if name.split(".")[0] in PICKLES:
                yield at(source, node, f"imports {name}, which runs code it reads")


def faults_outside_errors(source: Source) -> Iterator[Violation]:
    if _is_part(source, "errors"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and called_name(node) == "Fault":
            yield at(source, node, "declares a Fault")


RULES = [
    Rule(
        "environment",
        environment_reads,
        "Read it in tenuto/app/settings.py and hand the value on.",
        exempt={
            "src/tenuto/pipelines/execution/confinement.py": "writes the home and the thread limits of a step's "
            "process for the libraries in it; reads nothing",
        },
    ),
    Rule(
        "use cases",
        unregistered_use_cases,
        "Decorate it with @use_case(...), or start its name with an underscore if it is no use case.",
    ),
    Rule("function size", long_functions, "Split it where it changes its level of detail."),
    Rule("file size", long_files, "Make it a package of the same name."),
    Rule("prints", prints, "Log a structured event, or return the text to the command line."),
    Rule(
        "module state",
        mutable_module_state,
        "Build it in `app` and hand it on; a table that never changes has a name in capitals.",
    ),
    Rule("names", banned_names, "Name what it does with the field's standard word (docs/glossary.md)."),
    Rule(
        "pickles",
        pickles,
        "Use JSON, npy, Arrow, ONNX or skops; foreign pickles open in a process of their own.",
        exempt={
            "src/tenuto/serving/models/opening.py": "opens what the guard cleared, by an exact list, "
            "only in the model's own process",
        },
    ),
    Rule("faults", faults_outside_errors, "Declare it in the room's errors.py."),
]


def _is_part(source: Source, *names: str) -> bool:
    """Tell whether the file is, or lies in the package of, a part so named: ``errors.py``, ``errors/…``."""
    parts = [part.removesuffix(".py") for part in source.inside]
    return any(tuple(parts[start : start + len(names)]) == names for start in range(len(parts)))


def _module_containers(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names, value = [target for target in node.targets if isinstance(target, ast.Name)], node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            names, value = [node.target], node.value
        else:
            continue
        if _is_container(value):
            yield from ((name.id, node) for name in names)


def _is_container(value: ast.expr) -> bool:
    literal = ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp
    return isinstance(value, literal) or (isinstance(value, ast.Call) and called_name(value) in CONTAINERS)


def _mutated(tree: ast.Module, name: str) -> int | None:
    """The line where what ``name`` holds is changed in place, or None."""
    for node in ast.walk(tree):
        changed = _changed(node)
        if isinstance(changed, ast.Name) and changed.id == name:
            return changed.lineno
    return None


def _changed(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
        return node.func.value
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return node.value
    return node.target if isinstance(node, ast.AugAssign) else None


def _banned(name: str) -> str | None:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    singular = {word.lower().removesuffix("s") for word in words} | {word.lower() for word in words}
    return next(iter(sorted(singular & BANNED_WORDS)), None)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
