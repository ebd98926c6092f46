"""A bundled plugin's name stands in its own files and in one entry-point line, and nowhere else.

A name that the core knows is a door that only we can walk through: the next provider would need a change of
the core. Names of standards that happen to be a plugin's name too are listed with their reason.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from architecture.house import PACKAGE, ROOT

TEXT = {
    ".py",
    ".html",
    ".js",
    ".css",
    ".json",
    ".toml",
    ".yaml",
    ".yml",
    ".cedar",
    ".sql",
    ".po",
    ".txt",
    ".md",
}
# (name, file or folder below src/tenuto) -> why the name may stand there.
ALLOWED: dict[tuple[str, str], str] = {
    (
        "anthropic",
        "gateway/server/doors",
    ): "the address that clients of that format call; a door, not a plugin",
    ("anthropic", "testing/provider_simulator"): "simulates exactly this provider",
    ("anthropic", "cli/commands"): "who can be named with `demo --provider`",
    ("anthropic", "cli/demo"): "the demo asks a real provider for its models with the provider's own SDK",
    ("openai", "cli/commands"): "an example name that --help shows",
    ("openai", "cli/demo"): "the demo calls the gateway with the SDK that applications use",
    ("openai", "testing/provider_simulator"): "simulates exactly this provider",
    ("openai", "web/pages/start/samples"): "the sample that an application developer copies",
    ("package_model", "cli/demo/project"): "a user's pipeline calls the platform's step",
    ("package_model", "client/steps"): "the name that users import for the platform's step",
    ("package_model", "serving/declared/errors"): "the fix tells users which step to call",
    ("package_model", "web/console/messages/fr/faults"): "the same fix in French",
}


def plugins(project: str) -> dict[str, set[str]]:
    """Return plugin name -> the modules its entry points name, for the groups that are Tenuto's own."""
    groups = tomllib.loads(project)["project"].get("entry-points", {})
    found: dict[str, set[str]] = {}
    for group, points in groups.items():
        if group.startswith("tenuto."):
            for name, target in points.items():
                found.setdefault(name, set()).add(target.split(":")[0])
    return found


def own_places(modules: set[str]) -> set[str]:
    """Where a plugin is at home: its file, or the whole of its package ``adapters/KIND/NAME``."""
    parts = [module.removeprefix("tenuto.").split(".") for module in modules]
    return {"/".join(path[:3] if path[0] == "adapters" else path) for path in parts}


def mentions(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Find the name as a word of its own: in text, in snake_case, in CamelCase."""
    word = re.compile(rf"(?<![a-z0-9]){re.escape(name.lower())}(?![a-z0-9])")
    for number, line in enumerate(text.splitlines(), 1):
        spread = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", line).lower()
        if word.search(spread) or word.search(line.lower()):
            yield number, line.strip()


def foreign(name: str, modules: set[str]) -> Iterator[tuple[str, str]]:
    """Yield (file below src/tenuto, sentence) for each mention outside the plugin's own files."""
    own = own_places(modules)
    for path in sorted(PACKAGE.rglob("*")):
        inside = path.relative_to(PACKAGE).as_posix()
        if path.suffix in TEXT and not any(_lies_in(inside, place) for place in own):
            for number, line in mentions(name, path.read_text("utf-8")):
                yield inside, f"src/tenuto/{inside}:{number}: {line}"


def _lies_in(inside: str, place: str) -> bool:
    return Path(inside).with_suffix("").as_posix() == place or inside.startswith(f"{place}/")


BUNDLED = plugins((ROOT / "pyproject.toml").read_text("utf-8"))


def test_no_bundled_plugin_is_named_outside_its_own_files() -> None:
    broken = [
        f"{name!r} in {sentence}"
        for name, modules in BUNDLED.items()
        for inside, sentence in foreign(name, modules)
        if not any(name == allowed and _lies_in(inside, place) for allowed, place in ALLOWED)
    ]
    assert not broken, "\n".join(
        ["", *broken, "fix: ask the plugin through its Protocol, or let it declare the fact."]
    )


def test_no_allowance_outlives_its_need() -> None:
    idle = [
        (name, place)
        for name, place in ALLOWED
        if not any(_lies_in(inside, place) for inside, _ in foreign(name, BUNDLED.get(name, set())))
    ]
    assert not idle
    assert all(ALLOWED.values())


def test_the_entry_points_that_count_are_tenutos_own() -> None:
    project = """
    [project.entry-points."tenuto.providers"]
    acme = "tenuto.adapters.providers.acme:Acme"
    [project.entry-points."pytest11"]
    other = "somewhere:plugin"
    """
    assert plugins(project) == {"acme": {"tenuto.adapters.providers.acme"}}
    assert own_places({"tenuto.adapters.providers.acme"}) == {"adapters/providers/acme"}
    assert own_places({"tenuto.adapters.providers.acme.dialect"}) == {"adapters/providers/acme"}
    assert own_places({"tenuto.pipelines.engine"}) == {"pipelines/engine"}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("if provider == 'acme':", True),
        ("class AcmeQuirk: ...", True),
        ("def fix_acme_headers(): ...", True),
        ("# the Acme way", True),
        ("acmeology = 1", False),
        ("pacmed = 1", False),
    ],
)
def test_a_mention_is_a_word_of_its_own(line: str, found: bool) -> None:
    assert bool(list(mentions("acme", line))) is found
