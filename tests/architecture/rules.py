"""The rules one file at a time can keep or break. Each exemption names its reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from architecture.house import Rule, Source, Violation, at, called_name, functions

SETTINGS = ("app", "settings")
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
SYSTEM = {"os", "posix", "nt"}  # the modules that hold the environment
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
PICKLE_CALLS = {"read_pickle", "to_pickle"}
SAFE_LOADING = {"allow_pickle": False, "weights_only": True}  # keyword -> the only value that opens no pickle
# Calls at module level whose result is a declaration, whatever its name looks like.
DECLARATIONS = {
    "getLogger",
    "group",  # a group of commands
    "ContextVar",
    "PlatformStep",
    "lru_cache",  # of a pure function
    "MetaData",
    "Table",
    "alias",  # of a table
    "DateTime",
    "Numeric",
    "Uuid",
}
MAX_FUNCTION = 60
MAX_FILE = 500


def environment_reads(source: Source) -> Iterator[Violation]:
    if _is_part(source, *SETTINGS):
        return
    modules = _bound_to(source.tree, SYSTEM)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.module in SYSTEM and not node.level:
            for name in ENVIRONMENT & {alias.name for alias in node.names}:
                yield at(source, node, f"imports {node.module}.{name}")
        elif (part := _part_of_module(node, modules)) in ENVIRONMENT:
            yield at(source, node, f"reads the environment (os.{part})")


def unregistered_use_cases(source: Source) -> Iterator[Violation]:
    if not _is_part(source, "use_cases"):
        for node in functions(source.tree):
            if "use_case" in map(called_name, node.decorator_list):
                yield at(source, node, f"{node.name} is a use case outside use_cases", name=node.name)
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
    for name, node, value in _assigned(source.tree.body):
        if _is_state(name, value):
            yield at(source, node, f"{name} is an object made at module level", name=name)
    for name, node in _class_containers(source.tree):
        yield at(source, node, f"{name} is a mutable container that all instances share", name=name)
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
        if isinstance(node, ast.Call) and (how := _pickle_call(node)):
            yield at(source, node, f"{how}, which runs code it reads")


def faults_outside_errors(source: Source) -> Iterator[Violation]:
    if _is_part(source, "errors"):
        return
    names = {"Fault"} | _other_names(source.tree, "Fault")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and called_name(node) in names:
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
    return ((name, node) for name, node, value in _assigned(tree.body) if _is_container(value))


def _class_containers(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """What a class holds for all its instances. A field's default is none: a Struct copies it for each."""
    for owner in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for name, node, value in _assigned(owner.body):
            is_field = isinstance(node, ast.AnnAssign) and bool(owner.bases) and not _is_class_variable(node)
            if _is_container(value) and not is_field and not name.isupper() and not name.startswith("__"):
                yield name, node


def _is_class_variable(node: ast.AnnAssign) -> bool:
    kind = node.annotation.value if isinstance(node.annotation, ast.Subscript) else node.annotation
    return called_name(kind) == "ClassVar"


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt, ast.expr]]:
    for node in body:
        if isinstance(node, ast.Assign):
            names, value = [target for target in node.targets if isinstance(target, ast.Name)], node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            names, value = [node.target], node.value
        else:
            continue
        yield from ((name.id, node, value) for name in names)


def _is_state(name: str, value: ast.expr) -> bool:
    if name.isupper() or name.startswith("__") or _is_container(value):
        return False
    made = value.func if isinstance(value, ast.Call) else None
    while isinstance(made, ast.Call):  # lru_cache(maxsize=1)(function)
        made = made.func
    return made is not None and called_name(made) not in DECLARATIONS


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


def _bound_to(tree: ast.Module, modules: set[str]) -> set[str]:
    """Return the names under which a file knows one of these modules."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    return {alias.asname or alias.name for node in imports for alias in node.names if alias.name in modules}


def _part_of_module(node: ast.AST, modules: set[str]) -> str:
    """Return ``x`` of ``module.x`` and of ``getattr(module, "x")``, or nothing."""
    if isinstance(node, ast.Attribute) and called_name(node.value) in modules:
        return node.attr
    if isinstance(node, ast.Call) and called_name(node) == "getattr" and len(node.args) > 1:
        module, part = node.args[:2]
        if called_name(module) in modules and isinstance(part, ast.Constant):
            return str(part.value)
    return ""


def _pickle_call(node: ast.Call) -> str:
    if called_name(node) in PICKLE_CALLS:
        return f"calls {called_name(node)}"
    for keyword in node.keywords:
        if keyword.arg in SAFE_LOADING:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if value is not SAFE_LOADING[keyword.arg]:
                return f"sets {keyword.arg}"
    return ""


def _other_names(tree: ast.Module, name: str) -> set[str]:
    """Return what else a file calls ``name``: by ``import ... as``, or by assigning it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.asname for alias in node.names if alias.name == name and alias.asname}
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Name | ast.Attribute)
            and called_name(node.value) == name
        ):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found
