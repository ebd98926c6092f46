"""The command line as a whole: what it lists, how each command explains itself, how it ends."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterator
from itertools import groupby

import pytest
from cyclopts import App

from tenuto.cli import listing, main
from tenuto.cli.application import AWAY, DONE, FAILED, WRONG, build, exit_code, run
from tenuto.cli.errors import NO_TERMINAL, SIGNED_OUT, UNEXPECTED, WRONG_USE
from tenuto.client.errors import NO_ANSWER_IN_TIME, UNREACHABLE
from tenuto.core.errors import Fault, TenutoError

SPEAKS_FOR_ITSELF = {"demo"}  # has options of its own


def _commands() -> Iterator[tuple[str, App]]:
    """Yield every command with the words it is called by, those within groups too."""
    app = build()
    for command in listing.COMMANDS:
        yield from _within(command.name, app[command.name])


def _within(words: str, app: App) -> Iterator[tuple[str, App]]:
    if app.default_command is not None:
        yield words, app
    for name in app:
        if not name.startswith("-"):
            yield from _within(f"{words} {name}", app[name])


COMMANDS = dict(_commands())
GROUPS = sorted({words.split()[0] for words in COMMANDS if " " in words})


def test_the_list_names_each_command_once_under_its_group() -> None:
    names = [command.name for command in listing.COMMANDS]
    assert len(names) == len(set(names))
    groups = [group for group, _ in groupby(listing.COMMANDS, key=lambda command: command.group)]
    assert len(groups) == len(set(groups))
    listed = "\n".join(main.overview())
    assert all(f"  {command.name} " in listed and command.summary in listed for command in listing.COMMANDS)
    assert max(map(len, listed.splitlines())) <= 110


def test_each_command_lives_where_the_list_says() -> None:
    for command in listing.COMMANDS:
        module, _, attribute = command.place.partition(":")
        assert hasattr(importlib.import_module(f"tenuto.cli.commands.{module}"), attribute)


@pytest.mark.parametrize("words", COMMANDS)
def test_each_command_explains_itself_with_an_example(words: str) -> None:
    said = inspect.getdoc(COMMANDS[words].default_command) or ""
    assert f"\n    tenuto {words}" in said, "show how it is used, indented by four"
    assert said.partition("\n")[0].endswith((".", ":", ","))


@pytest.mark.parametrize("words", COMMANDS)
def test_its_examples_stand_in_lines_of_their_own(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*words.split(), "--help"]) == DONE
    shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
    said = inspect.getdoc(COMMANDS[words].default_command) or ""
    examples = [line.strip() for line in said.splitlines() if line.startswith("    tenuto ")]
    assert [one for one in examples if not any(one.startswith(line) for line in shown if line)] == []


@pytest.mark.parametrize("words", GROUPS)
def test_each_group_shows_how_it_is_used(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([words, "--help"]) == DONE
    assert re.search(rf"^ tenuto {words} \w", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize(
    ("shell", "says"), [("bash", "complete -F"), ("zsh", "#compdef"), ("fish", "complete")]
)
def test_a_shell_is_told_how_to_complete(shell: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == DONE
    script = capsys.readouterr().out
    assert says in script
    assert "whoami" in script


@pytest.mark.parametrize("words", COMMANDS)
def test_each_option_of_each_command_says_what_it_is(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = COMMANDS[words].assemble_argument_collection(parse_docstring=True)
    silent = [one.name for one in arguments if one.show and not (one.parameter.help or "").strip()]
    assert not silent
    assert words in SPEAKS_FOR_ITSELF or "--json" in {name for one in arguments for name in one.names}


def test_the_reference_of_all_commands_can_be_made_from_them() -> None:
    page = build().generate_docs(output_format="markdown")
    assert all(f" tenuto {words}\n" in page for words in COMMANDS)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (WRONG_USE, WRONG),
        (NO_TERMINAL, WRONG),
        (UNREACHABLE, AWAY),
        (NO_ANSWER_IN_TIME, AWAY),
        (SIGNED_OUT, FAILED),
        (UNEXPECTED, FAILED),
    ],
    ids=lambda given: getattr(given, "code", None),
)
def test_what_went_wrong_decides_the_exit_code(fault: Fault, code: int) -> None:
    assert exit_code(TenutoError(fault)) == code


@pytest.mark.parametrize(
    "tokens",
    [
        ["nonsense"],
        ["get", "runs", "--nonsense"],
        ["approve"],
        ["key", "create", "x", "--days", "many"],
        ["init"],
        ["key", "create", "x", "--purpose", "both"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_told_with_code_and_fix(tokens: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tokens) == WRONG
    said = capsys.readouterr()
    assert said.out == ""
    assert "error: cli.wrong_use" in said.err
    assert "fix: " in said.err


def test_an_error_is_json_where_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["get", "runs", "--nonsense", "--json"]) == WRONG
    said = capsys.readouterr()
    assert said.out == ""
    error = json.loads(said.err)["error"]
    assert error["code"] == WRONG_USE.code
    assert error["fix"]


def test_help_of_a_command_and_sql_for_an_administrator_need_no_platform(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["key", "create", "--help"]) == DONE
    assert "tenuto key create shop" in capsys.readouterr().out
    assert run(["init", "--print-sql"]) == DONE
    assert "create role tenuto_app" in capsys.readouterr().out
    assert run(["init", "--print-sql", "--json"]) == DONE
    assert "create role tenuto_app" in json.loads(capsys.readouterr().out)["sql"]
