"""How results look: aligned, plain in a pipe, and never able to steer a terminal."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest

from tenuto.app.settings import spoken_language
from tenuto.cli.output import Styled, facts, print_lines, printable, short_time, show, table, tell_error
from tenuto.client.errors import UNREACHABLE
from tenuto.core.errors import Fault, FaultKind, TenutoError

BROKEN = Fault("cli.broken", FaultKind.INTERNAL, "it broke", "Mend it.")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _text(lines: list[str | Styled]) -> list[str]:
    return [line.text if isinstance(line, Styled) else line for line in lines]


def test_columns_are_as_wide_as_what_stands_in_them() -> None:
    rows = [("a", None, True), ("longer", 12, False)]
    assert _text(table(["NAME", "NUMBER", "YES"], rows, empty="none")) == [
        "NAME    NUMBER  YES",
        "a       -       yes",
        "longer  12      no",
    ]
    assert table(["NAME"], [], empty="none") == ["none"]


def test_a_cell_stays_in_its_line() -> None:
    assert _text(table(["WHY"], [("two\nlines",)], empty=""))[1] == "two lines"


def test_facts_leave_out_what_there_is_not() -> None:
    assert facts([("name", "chat"), ("workspace", None), ("version", 3)]) == ["name:    chat", "version: 3"]


def test_a_pipe_gets_plain_text() -> None:
    pipe = io.StringIO()
    print_lines([Styled("green", "bold green"), "plain \x1b[31m"], pipe)
    assert pipe.getvalue() == "green\nplain \x1b[31m\n"


def test_a_terminal_gets_style_but_nothing_that_others_wrote_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    print_lines([Styled("made", "green"), "name \x1b]0;owned\x07 [bold]x[/bold]"], terminal)
    shown = terminal.getvalue()
    assert "\x1b[32mmade\x1b[0m" in shown
    assert "name \\x1b]0;owned\\x07 [bold]x[/bold]" in shown


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    print_lines([Styled("made", "green")], terminal)
    assert terminal.getvalue() == "made\n"


def test_a_long_line_is_not_cut_for_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    terminal = Terminal()
    print_lines(["x" * 300], terminal)
    assert terminal.getvalue() == "x" * 300 + "\n"


def test_letters_of_all_languages_are_printable() -> None:
    assert printable("Éloïse\t日本\n\x00\x9b") == "Éloïse\t日本\n\\x00\\x9b"


def test_json_is_the_value_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    show({"a": [1]}, lambda _: ["lines"], as_json=True)
    assert json.loads(capsys.readouterr().out) == {"a": [1]}
    show({"a": [1]}, lambda _: ["lines"], as_json=False)
    assert capsys.readouterr().out == "lines\n"


def test_an_error_says_code_what_and_fix(capsys: pytest.CaptureFixture[str]) -> None:
    tell_error(TenutoError(BROKEN, "in the middle", request_id="r1", secret="x"), as_json=False)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error: cli.broken\n  it broke: in the middle\n  fix: Mend it.\n  request_id: r1\n"


def test_a_time_is_shown_to_the_second() -> None:
    assert short_time(datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)) == "2026-01-02 03:04:05Z"
    assert short_time(None) == ""


def test_an_error_is_told_in_french_to_who_reads_french(capsys: pytest.CaptureFixture[str]) -> None:
    tell_error(TenutoError(UNREACHABLE, "http://127.0.0.1:1"), as_json=False, language="fr")
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "erreur\u00a0: client.unreachable"
    assert said[1] == "  la plateforme ne répond pas\u00a0: http://127.0.0.1:1"
    assert said[2].startswith("  remède\u00a0: Démarrez-la avec `tenuto up`")


def test_programs_that_read_json_are_told_in_english(capsys: pytest.CaptureFixture[str]) -> None:
    tell_error(TenutoError(UNREACHABLE), as_json=True, language="fr")
    assert json.loads(capsys.readouterr().err)["error"]["summary"] == UNREACHABLE.summary


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "fr_CA"}, "fr"),
        ({"LANG": "fr_FR", "LC_ALL": "C.UTF-8"}, "c"),
        ({"LANG": "", "LC_ALL": ""}, ""),
    ],
)
def test_the_language_is_the_one_of_the_terminal(environment: dict[str, str], language: str) -> None:
    assert spoken_language(environment) == language
