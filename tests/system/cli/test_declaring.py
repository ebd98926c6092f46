"""Files become what is declared, and come back, through the real command."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.running import TENUTO, CommandLine
from support.terminal import Conversation, converse

pytestmark = [pytest.mark.system, pytest.mark.capability("C15")]

PLACE = """\
kind: Workspace
name: {name}
spec: {{environment: development}}
---
kind: Provider
name: {name}-models
spec: {{dialect: openai, base_url: "http://127.0.0.1:9/v1"}}
---
kind: Route
name: chat
workspace: {name}
spec:
  upstreams:
    - {{provider: {name}-models, model: no}}
"""


@pytest.fixture
def place(owner: CommandLine, request: pytest.FixtureRequest) -> str:
    """The name of a workspace of this test's own, and the file that declares it."""
    name = request.node.name.replace("_", "-")[5:45].strip("-")
    (owner.folder / "place.yaml").write_text(PLACE.format(name=name))
    return name


def test_from_file_to_platform_and_back(owner: CommandLine, place: str) -> None:
    planned = owner.json("plan", "-f", "place.yaml")["changes"]
    assert [(one["verb"], one["kind"]) for one in planned] == [
        ("create", "Workspace"),
        ("create", "Provider"),
        ("create", "Route"),
    ]
    assert "+ create Route chat in" in owner("plan", "-f", "place.yaml").stdout
    owner("apply", "-f", "place.yaml")
    assert [one["verb"] for one in owner.json("plan", "-f", "place.yaml")["changes"]] == ["keep"] * 3

    document = owner("get", "route", "chat", "--workspace", place).stdout
    assert "model: 'no'" in document
    (owner.folder / "chat.yaml").write_text(document.replace("'no'", "small"))
    changed = owner("apply", "-f", "chat.yaml").stdout
    assert 'upstreams[0].model: "no" -> "small"' in changed
    assert changed.endswith("applied\n")


def test_history_diff_and_rollback(owner: CommandLine, place: str) -> None:
    here = ("--workspace", place)
    owner("apply", "-f", "place.yaml")
    (owner.folder / "place.yaml").write_text(PLACE.format(name=place).replace("model: no", "model: small"))
    owner("apply", "-f", "place.yaml", "--json")
    assert 'upstreams[0].model: "no" -> "small"' in owner("diff", "route", "chat", *here).stdout
    change = owner.json("rollback", "routes", "chat", *here)
    assert (change["verb"], change["version"]) == ("update", 2)
    history = owner.json("history", "Route", "chat", *here)["items"]
    assert [one["version"] for one in history] == [3, 2, 1]
    assert history[0]["spec"] == history[2]["spec"]
    assert owner.json("diff", "route", "chat", "--from", "1", "--to", "3", *here)["differences"] == []
    assert "3        declared  ann@example.com" in owner("describe", "route", "chat", *here).stdout
    assert owner.json("diff", "route", "chat", "--to", "9", *here, expect=1)["code"] == "cli.version_unknown"


def test_an_export_is_taken_as_it_is(owner: CommandLine, place: str) -> None:
    owner("apply", "-f", "place.yaml")
    exported = owner("export").stdout
    assert f"workspace: {place}\n" in exported
    (owner.folder / "everything.yaml").write_text(exported)
    plan = owner.json("plan", "-f", "everything.yaml")["changes"]
    assert {one["verb"] for one in plan} == {"keep"}
    assert {"Workspace", "Provider", "Route"} <= {one["kind"] for one in plan}
    inside = owner.json("export", "--workspace", place)["documents"]
    assert {one["name"] for one in inside if one.get("workspace")} == {"chat"}
    routes = owner.json("export", "routes")["documents"]
    assert {one["kind"] for one in routes} == {"Route"}


def test_what_was_deleted_has_a_history(owner: CommandLine, place: str) -> None:
    here = ("--workspace", place)
    owner("apply", "-f", "place.yaml")
    assert owner.json("delete", "route", "chat", *here, expect=2)["code"] == "cli.no_terminal"
    owner("delete", "route", "chat", "--yes", *here)
    assert owner.json("get", "routes", *here)["items"] == []
    assert owner.json("get", "route", "chat", *here, expect=1)["code"] == "govern.resource_unknown"
    assert "2        deleted" in owner("history", "route", "chat", *here).stdout


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("spec:\n", "spec: [\n", "client.yaml_broken", "place.yaml:14:5: "),
        ("name: chat", "nme: chat", "core.unknown_field", "place.yaml:9: `nme`: did you mean `name`?"),
        ("upstreams:", "upstream:", "core.unknown_field", "did you mean `upstreams`?"),
        ("model: no", "model: 7", "core.invalid_value", "place.yaml:9"),
        ("kind: Route", "kind: Rout", "govern.kind_unknown", "`Rout`"),
        ("provider: {name}-models, ", "provider: nobody, ", "gateway.route_invalid", "no provider `nobody`"),
    ],
    ids=["broken YAML", "unknown field", "unknown field of a spec", "wrong type", "unknown kind", "refused"],
)
def test_a_bad_file_changes_nothing_and_is_told_by_place(
    owner: CommandLine, old: str, new: str, code: str, said: str
) -> None:
    assert old in PLACE
    (owner.folder / "place.yaml").write_text(PLACE.replace(old, new).format(name="never-made"))
    error = owner.json("apply", "-f", "place.yaml", "--yes", expect=1)
    assert error["code"] == code
    assert said in error["detail"]
    assert error["fix"]
    assert "never-made" not in owner("get", "workspaces").stdout


def test_what_is_applied_is_what_was_shown(owner: CommandLine, place: str) -> None:
    """Somebody changes the route while the plan is on the screen: nothing is applied."""
    owner("apply", "-f", "place.yaml")
    mine = PLACE.format(name=place).replace("model: no", "model: mine")
    theirs = owner.folder / "theirs.yaml"
    theirs.write_text(mine.replace("model: mine", "model: theirs"))
    (owner.folder / "place.yaml").write_text(mine.replace("kind: Route", "version: 1\nkind: Route"))
    owner("apply", "-f", theirs)
    error = owner.json("apply", "-f", "place.yaml", "--yes", expect=1)
    assert error["code"] == "govern.version_moved_on"
    assert "model: theirs" in owner("get", "route", "chat", "--workspace", place).stdout


def test_a_workspace_is_asked_for_where_one_is_needed(owner: CommandLine) -> None:
    for command in (["get", "routes"], ["get", "route", "x"], ["history", "route", "x"], ["deploy", "x@1"]):
        assert owner.json(*command, expect=1)["code"] == "cli.workspace_missing"
    assert owner.json("get", "runs", expect=1)["code"] == "govern.workspace_needed"
    assert owner.json("get", "routs", expect=1)["detail"] == "`routs`: did you mean `Route`?"


def test_on_a_terminal_the_plan_is_asked_about(owner: CommandLine, place: str) -> None:
    refused = _on_terminal(owner, ["apply", "-f", "place.yaml"], [("Apply this? [y/N]: ", "n")])
    assert refused.code == 1
    assert "\x1b[32m+ create Route chat in" in refused.screen
    assert "it was not confirmed, and nothing was done" in refused.screen
    assert place not in owner("get", "workspaces").stdout
    unasked = _on_terminal(owner, ["apply", "-f", "place.yaml", "--json"], [])
    assert unasked.code == 2
    assert '"detail":"--yes; with --json nothing is asked"' in unasked.screen
    assert place not in owner("get", "workspaces").stdout
    assert _on_terminal(owner, ["apply", "-f", "place.yaml"], [("Apply this? [y/N]: ", "y")]).code == 0
    assert place in owner("get", "workspaces").stdout


def _on_terminal(
    owner: CommandLine, arguments: list[str | Path], answers: list[tuple[str, str]]
) -> Conversation:
    return converse([TENUTO, *arguments], answers, folder=owner.folder, environment=owner.whole_environment)
