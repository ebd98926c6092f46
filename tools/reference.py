"""Write the reference pages from the code itself: reference.py FOLDER.

Nothing here repeats a fact. A page shows what a reader of the installed package would find by looking: the
``Fault`` constants, the resource kinds, the registered use cases, the event names. A page whose source does
not stand yet is not written.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import reference_http
import tenuto
from reference_types import fields_table, first_paragraph, paragraphs, table, text
from tenuto.core.errors import Fault

PACKAGE = Path(tenuto.__file__).parent
UNREAD = {"migrations", "__main__"}

ERRORS = """\
Every error carries a code that never changes, what happened, what to do about it, and whether trying again
can help. The detail of the moment stands beside it in the answer."""
COMMANDS = """\
Every command takes `--json`. Exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 platform away (try again
later), 130 stopped with Ctrl-C."""
KINDS = "What can be declared in a file and made so with `tenuto apply`."
ACTIONS = """\
What a policy can allow or forbid. Each use case asks for its action once, on the object it loaded."""
EVENTS = "Facts that happened, written in the same transaction as what they tell of and delivered after it."
MESSAGES = "What the console says. Names in braces are filled in; the forms of a plural are joined by `/`."
SETTINGS = "Read once at start from the environment: the name in capitals after `TENUTO_`."


def errors() -> str:
    rooms: dict[str, list[Fault]] = defaultdict(list)
    for fault in _values(Fault, "errors"):
        rooms[fault.code.split(".")[0]].append(fault)
    parts = ["# Errors", ERRORS]
    for room, faults in sorted(rooms.items()):
        rows = [
            [f"`{fault.code}`", text(fault.summary), text(fault.fix), "yes" if fault.retryable else "no"]
            for fault in sorted(faults, key=lambda fault: fault.code)
        ]
        parts += [f"## {room}", table(["Code", "What happened", "What to do", "Try again"], rows)]
    return "\n\n".join(parts)


LIVES = {
    "organisation": "in the organisation",
    "workspace": "in a workspace",
    "either": "in a workspace when its document names one, else in the organisation",
}


def kinds() -> str:
    """The kinds as a platform puts them together; no key is looked at to tell what they are."""
    make = _named("tenuto.app.building", "kinds")
    if make is None:
        return ""
    found = make(lambda _dialect: (), Ed25519PrivateKey.generate().public_key(), lambda _binding: None)
    parts = ["# Kinds of resources", KINDS]
    for kind in sorted(found, key=lambda kind: kind.name):
        parts += [f"## {kind.name}", f"{text(kind.summary)} Lives {LIVES[kind.level.value]}."]
        parts += filter(None, [*paragraphs(kind.spec), fields_table(kind.spec)])
    return "\n\n".join(parts)


def actions() -> str:
    use_case_type = _named("tenuto.govern.use_case", "UseCase")
    found = _values(use_case_type, "use_cases") if use_case_type else ()
    rows = sorted({(f"`{case.action}`", *_told(case)) for case in found})
    if not rows:
        return ""
    return "\n\n".join(["# Actions", ACTIONS, table(["Action", "Use case", "Effect", "What it does"], rows)])


def _told(case: Any) -> tuple[str, str, str]:
    name = case.function.__name__.replace("_", " ")
    return name, "changes, audited" if case.mutating else "reads", first_paragraph(case.function)


def events() -> str:
    """Event names are found where an event is made: the first argument of a call that ends in ``event``."""
    found = ((name, module.split(".")[1]) for module in _modules() for name in _event_names(_source(module)))
    rows = sorted({(f"`{name}`", room) for name, room in found})
    return "\n\n".join(["# Events", EVENTS, table(["Event", "From"], rows)]) if rows else ""


def _event_names(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Name):
            name = node.args[0]
            said = name.value if isinstance(name, ast.Constant) else None
            if node.func.id.lower().endswith("event") and isinstance(said, str) and "." in said:
                yield said


def settings() -> str:
    settings_type = _named("tenuto.app.settings", "Settings")
    if settings_type is None or not issubclass(settings_type, msgspec.Struct):
        return ""
    return "\n\n".join(
        [
            "# Settings",
            SETTINGS,
            fields_table(settings_type, spell=lambda name: f"TENUTO_{name.upper()}"),
        ]
    )


def commands() -> str:
    build = _named("tenuto.cli.application", "build")
    if build is None:
        return ""
    _, heading, told = build().generate_docs(output_format="markdown").partition("\n## ")
    return "\n\n".join(["# Commands", COMMANDS, (heading + told).strip()])


def http_api() -> str:
    areas = [name for name in _modules() if name.startswith("tenuto.web.api.")]
    declared = [getattr(importlib.import_module(name), "routes", None) for name in areas]
    routes = [route for declare in declared if declare is not None for route in declare()]
    return reference_http.page(routes) if routes else ""


def messages() -> str:
    folder = PACKAGE / "web/console/messages"
    languages = sorted(place.name for place in folder.glob("*") if place.is_dir())
    catalogues = {language: _catalogue(folder / language) for language in languages}
    shared = set.intersection(*map(set, catalogues.values())) if catalogues else set()
    rows = [[f"`{key}`", *(catalogues[language][key] for language in languages)] for key in sorted(shared)]
    return "\n\n".join(["# Messages", MESSAGES, table(["Key", *languages], rows)]) if rows else ""


def _catalogue(folder: Path) -> dict[str, str]:
    """One language's messages by key; the forms of a plural stand after each other."""
    found: dict[str, str] = {}
    for area in sorted(folder.glob("*.json")):
        for key, message in json.loads(area.read_text("utf-8")).items():
            found[key] = text(" / ".join(message.values()) if isinstance(message, dict) else message)
    return found


PAGES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "http-api": http_api,
    "settings": settings,
    "kinds": kinds,
    "actions": actions,
    "events": events,
    "errors": errors,
    "messages": messages,
}


def write(folder: Path) -> list[str]:
    """Write every page that has a source, remove the others, and return the names of those written."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    written = {name: page for name, make in PAGES.items() if (page := make())}
    for name, page in written.items():
        (folder / f"{name}.md").write_text(page.rstrip() + "\n", "utf-8")
    return list(written)


@cache
def _modules() -> tuple[str, ...]:
    files = sorted(path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return tuple(
        ".".join(["tenuto", *(part for part in file.parts if part != "__init__")])
        for file in files
        if not UNREAD & set(file.parts)
    )


def _source(module: str) -> Path:
    path = PACKAGE.joinpath(*module.split(".")[1:])
    file = path.with_suffix(".py")
    return file if file.exists() else path / "__init__.py"


def _values(kind: type[Any], *parts: str) -> Iterator[Any]:
    """Yield each module-level value of a type once, from the modules whose path holds all of ``parts``."""
    seen = set()
    for name in _modules():
        if set(parts) <= set(name.split(".")):
            for value in vars(importlib.import_module(name)).values():
                if isinstance(value, kind) and id(value) not in seen:
                    seen.add(id(value))
                    yield value


def _named(module: str, name: str) -> Any:
    if module not in _modules():
        return None
    found: ModuleType = importlib.import_module(module)
    return getattr(found, name, None)


if __name__ == "__main__":
    print("==> reference:", ", ".join(write(Path(sys.argv[1]))))
