"""Getting in and out, and who may what, through the real command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.http_script import ScriptedServer, answer
from support.running import OWNER, PASSWORD, TENUTO, CommandLine, RunningPlatform
from support.terminal import converse

pytestmark = [pytest.mark.system]


@pytest.fixture
def stranger(running_platform: RunningPlatform, tmp_path: Path) -> CommandLine:
    """Somebody with an empty home and nothing in the environment but the address."""
    home = tmp_path / "stranger"
    home.mkdir()
    return CommandLine(home, {"TENUTO_URL": running_platform.address})


@pytest.mark.capability("C8")
def test_a_sign_in_is_kept_used_and_ended(stranger: CommandLine, running_platform: RunningPlatform) -> None:
    assert stranger.json("get", "workspaces", expect=1)["code"] == "cli.signed_out"
    signed_in = stranger.json("login", "--email", OWNER, "--stdin", typed=f"{PASSWORD}\n")
    assert signed_in["address"] == running_platform.address
    kept = stranger.folder / ".config/tenuto/logins.json"
    key = json.loads(kept.read_text())["logins"][running_platform.address]["key"]
    assert key not in json.dumps(signed_in)
    # The address is remembered with the key.
    alone = CommandLine(stranger.folder)
    assert alone.json("get", "workspaces")["items"] is not None
    alone("logout")
    assert key not in kept.read_text()
    assert stranger.json("get", "workspaces", expect=1)["code"] == "cli.signed_out"
    revoked = stranger.with_environment(TENUTO_TOKEN=key)
    assert revoked.json("get", "workspaces", expect=1)["code"] == "govern.key_refused"


def test_on_a_terminal_a_password_is_asked_for_and_not_shown(stranger: CommandLine) -> None:
    told = converse(
        [TENUTO, "login"],
        [("E-mail address: ", OWNER), ("Password: ", PASSWORD)],
        folder=stranger.folder,
        environment=stranger.whole_environment,
    )
    assert told.code == 0, told.screen
    assert f"as Ann <{OWNER}>" in told.screen
    assert PASSWORD not in told.screen


def test_a_wrong_password_says_nothing_of_what_was_wrong(stranger: CommandLine) -> None:
    wrong = stranger.json("login", "--email", OWNER, "--stdin", typed="not the password\n", expect=1)
    unknown = stranger.json(
        "login", "--email", "nobody@example.com", "--stdin", typed="not the password\n", expect=1
    )
    assert wrong["code"] == unknown["code"] == "govern.sign_in_refused"
    assert wrong["detail"] == unknown["detail"]
    assert not (stranger.folder / ".config").exists()


def test_one_can_ask_who_one_is(owner: CommandLine, stranger: CommandLine) -> None:
    assert owner.json("whoami")["actor"]["name"] == "Ann"
    assert stranger.json("whoami", expect=1)["code"] == "cli.signed_out"


def test_the_first_owner_is_made_once(stranger: CommandLine, running_platform: RunningPlatform) -> None:
    error = stranger.json(
        "setup",
        "--email=eve@example.com",
        "--name=Eve",
        "--stdin",
        typed=f"{running_platform.token}\n{PASSWORD}\n",
        expect=1,
    )
    assert error["code"] == "govern.already_founded"


@pytest.mark.capability("C2")
def test_an_invited_person_comes_in_and_may_only_what_was_given(
    owner: CommandLine, stranger: CommandLine
) -> None:
    token = owner.json("person", "invite", "ben@example.com", "--name", "Ben")["token"]
    stranger("person", "accept", "--name", "Ben", "--stdin", typed=f"{token}\nanother four words\n")
    assert (
        stranger.json("key", "create", "x", "--purpose", "platform", expect=1)["code"] == "govern.not_allowed"
    )
    granted = owner.json("access", "grant", "ben@example.com", "auditor")
    explained = owner.json("explain", "ben@example.com", "govern:audit:read")
    assert explained["verdict"]["effect"] == "allow"
    assert "ben@example.com auditor" in " ".join(owner("access", "list").stdout.split())
    stranger("audit", "list", "--limit", "1")
    owner("access", "revoke", granted["id"])
    assert stranger.json("audit", "list", expect=1)["code"] == "govern.not_allowed"
    denied = owner("explain", "ben@example.com", "govern:audit:read").stdout
    assert denied.startswith("denied: ")
    assert "roles that would allow it: auditor" in denied
    assert (
        owner.json("explain", "ben@example.com", "govern:audit:rede", expect=1)["code"]
        == "govern.action_unknown"
    )


@pytest.mark.capability("C4")
def test_who_is_shut_out_stays_out_until_let_in_again(owner: CommandLine, stranger: CommandLine) -> None:
    token = owner.json("person", "invite", "dora@example.com", "--name", "Dora")["token"]
    stranger("person", "accept", "--name", "Dora", "--stdin", typed=f"{token}\nanother four words\n")
    owner("service-account", "create", "doras-robot")
    assert "Dora is shut out" in owner("person", "deactivate", "dora@example.com").stdout
    assert stranger.json("whoami", expect=1)["code"] == "govern.key_refused"
    enter = ["login", "--email", "dora@example.com", "--stdin"]
    assert stranger.json(*enter, typed="another four words\n", expect=1)["code"] == "govern.sign_in_refused"
    assert "may sign in again" in owner("person", "reactivate", "dora@example.com").stdout
    stranger(*enter, typed="another four words\n")
    assert "doras-robot is shut out" in owner("service-account", "deactivate", "doras-robot").stdout
    assert "may act again" in owner("service-account", "reactivate", "doras-robot").stdout


@pytest.mark.capability("C8")
def test_a_new_password_takes_the_place_of_the_old(owner: CommandLine, stranger: CommandLine) -> None:
    token = owner.json("person", "invite", "emil@example.com", "--name", "Emil")["token"]
    stranger("person", "accept", "--name", "Emil", "--stdin", typed=f"{token}\nthe first four words\n")
    changed = stranger("password", "--stdin", typed="the first four words\nthe other four words\n").stdout
    assert "the password of emil@example.com is set" in changed
    assert "works on" in changed
    enter = ["login", "--email", "emil@example.com", "--stdin"]
    assert stranger.json(*enter, typed="the first four words\n", expect=1)["code"] == "govern.sign_in_refused"
    stranger(*enter, typed="the other four words\n")
    ended = stranger("password", "--revoke-keys", "--stdin", typed="the other four words\none more of them\n")
    assert "ended" in ended.stdout
    assert stranger.json("whoami", expect=1)["code"] == "govern.key_refused"


@pytest.mark.capability("G10")
def test_a_key_works_until_it_is_revoked(owner: CommandLine) -> None:
    owner("service-account", "create", "nightly")
    owner("access", "grant", "nightly", "viewer")
    made = owner.json("key", "create", "nightly", "--purpose=platform", "--account=nightly", "--days=1")
    nightly = owner.with_environment(TENUTO_TOKEN=made["key"])
    nightly("get", "workspaces")
    assert made["key"] not in owner("key", "list").stdout
    assert f"{made['info']['id']}  nightly" in owner("key", "list").stdout
    owner("key", "revoke", made["info"]["id"])
    assert nightly.json("get", "workspaces", expect=1)["code"] == "govern.key_refused"


@pytest.mark.capability("C8")
def test_a_secret_is_written_and_never_read_back(owner: CommandLine) -> None:
    written = owner.json("secret", "set", "openai-key", typed="sk-very-secret\n")
    assert (written["name"], written["version"]) == ("openai-key", 1)
    assert owner.json("secret", "set", "openai-key", typed="sk-very-secret-2\n")["version"] == 2
    listed = owner("secret", "list").stdout + json.dumps(owner.json("secret", "list"))
    assert "openai-key" in listed
    assert "very-secret" not in listed
    owner("secret", "delete", "openai-key")
    assert "openai-key" not in owner("secret", "list").stdout
    # A value is no argument: arguments stand in the list of processes.
    assert owner.json("secret", "set", "openai-key", "sk-very-secret", expect=2)["code"] == "cli.wrong_use"


@pytest.mark.parametrize("token", ["tnt_live_x", "sk-of-somebody-else", "tnt_cli_" + "A" * 71])
def test_a_wrong_token_is_told_and_not_repeated(owner: CommandLine, token: str) -> None:
    error = owner.with_environment(TENUTO_TOKEN=token).json("get", "workspaces", expect=1)
    assert error["code"] == "govern.key_malformed"
    assert token not in json.dumps(error)


def test_a_platform_that_is_away_has_an_exit_code_of_its_own(stranger: CommandLine) -> None:
    away = stranger.with_environment(TENUTO_URL="http://127.0.0.1:9")
    error = away.json("get", "workspaces", expect=3)
    assert error["code"] == "client.unreachable"
    assert error["retryable"] is True
    assert "tenuto up" in error["fix"]
    with ScriptedServer(answer(502, b"<html>")) as other:
        told = away.with_environment(TENUTO_URL=other.address).json("get", "workspaces", expect=1)
    assert told["code"] == "client.answer_unreadable"
