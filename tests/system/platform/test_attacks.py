"""What somebody with bad intentions tries against a whole platform from outside, and does not get."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from support.running import OWNER, PASSWORD, CommandLine, RunningPlatform, free_port
from system.platform.doors import Answer, admin, ask

pytestmark = pytest.mark.system

CANARY = "sk-canary-0123456789-of-a-provider"
_PATIENCE = 30.0


class Ground(msgspec.Struct, frozen=True):
    """Two workspaces with a route of the same name each, to an upstream that is not there, and a key of each."""

    platform: RunningPlatform
    key: str
    other_key: str

    def call(
        self,
        key: str,
        text: str = "hi",
        model: str = "shared",
        path: str = "/v1/chat/completions",
        **headers: str,
    ) -> Answer:
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        authorization = f"Bearer {key}"
        given = {"authorization": authorization, **headers}
        return ask(self.platform, "POST", path, json.dumps(body).encode(), **given)


def documents(upstream: int) -> list[dict[str, Any]]:
    address = f"http://localhost:{upstream}/v1"
    provider = {"dialect": "openai", "profile": "ollama", "base_url": address, "secret": "attacked"}
    route = {"upstreams": [{"provider": "attacked", "model": "m"}]}
    return [
        *({"kind": "Workspace", "name": name, "spec": {"environment": "test"}} for name in ("east", "west")),
        {
            "kind": "EgressRule",
            "name": "attacked",
            "spec": {"host": "localhost", "port": upstream, "private": True},
        },
        {"kind": "Provider", "name": "attacked", "spec": provider},
        *({"kind": "Route", "name": "shared", "workspace": name, "spec": route} for name in ("east", "west")),
        {"kind": "Route", "name": "own", "workspace": "west", "spec": route},
    ]


@pytest.fixture(scope="module")
def ground(running_platform: RunningPlatform) -> Ground:
    platform = running_platform
    body = json.dumps({"value": CANARY}).encode()
    assert ask(platform, "PUT", "/api/v1/secrets/attacked", body)[0] == 200
    declare(platform, *documents(free_port()))
    keys = [make_key(platform, workspace) for workspace in ("east", "west")]
    made = Ground(platform, *keys)
    for key in keys:
        until(lambda key=key: made.call(key)[0] == 502, "the gateway knows its key and its route")
    return made


def declare(platform: RunningPlatform, *wanted: dict[str, Any], key: str = "") -> None:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    status, told = ask(
        platform, "POST", "/api/v1/apply", json.dumps({"documents": wanted}).encode(), **headers
    )
    assert status == 200, told


def make_key(platform: RunningPlatform, workspace: str, authorization: str = "") -> str:
    body = json.dumps({"name": "attack", "purpose": "gateway"}).encode()
    headers = {"authorization": authorization} if authorization else {}
    status, told = ask(platform, "POST", "/api/v1/keys", body, workspace=workspace, **headers)
    assert status == 200, told
    key: str = told["key"]
    return key


def until(reached: Any, what: str) -> None:
    """Wait for what the gateway learns with its next snapshot."""
    deadline = time.monotonic() + _PATIENCE
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def code(answer: Answer) -> str:
    told: str = answer[1]["error"]["code"]
    return told


# One workspace's key at another's routes.


@pytest.mark.capability("C1")
@pytest.mark.parametrize("workspace", ["west", "WEST", "../west", "west\twest"])
def test_a_key_calls_the_routes_of_its_own_workspace_alone(ground: Ground, workspace: str) -> None:
    assert code(ground.call(ground.key, model="own")) == "model_not_found"
    claims = {"tenuto_workspace": workspace, "x_tenuto_workspace": workspace, "x_tenuto_actor": "owner"}
    assert code(ground.call(ground.key, model="own", **claims)) == "model_not_found"
    for model in ("west/own", "../west/own", "own\x00", "OWN", "own ", "west:own"):
        assert ground.call(ground.key, model=model)[0] == 404


@pytest.mark.capability("C1")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/../v1/chat/completions",
        "/v1//chat/completions",
        "/V1/chat/completions",
        "/v1/chat/completions/../../../api/v1/keys",
        "/v1/chat/completions%2f..%2fkeys",
        "/v1/chat/completions;workspace=west",
        "/v1\\chat\\completions",
    ],
)
def test_an_odd_path_is_no_other_door(ground: Ground, path: str) -> None:
    status, told = ground.call(ground.key, model="own", path=path)
    assert status in {400, 401, 404, 405}, told


@pytest.mark.capability("C4")
def test_a_gateways_key_opens_no_control_plane_and_the_other_way_round(ground: Ground) -> None:
    bearer = f"Bearer {ground.key}"
    for path in ("/api/v1/whoami", "/api/v1/keys", "/api/v1/secrets", "/api/v1/people"):
        assert ask(ground.platform, "GET", path, authorization=bearer)[0] == 401
    assert ground.call(ground.platform.key)[0] == 401


# Requests in requests.


@pytest.mark.parametrize(
    "framing",
    [
        "content-length: 4\r\ntransfer-encoding: chunked",
        "content-length: 4\r\ncontent-length: 40",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding: xchunked",
        "content-length: +4",
        "content-length: 4, 4",
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/v1/apply"])
def test_a_second_request_hidden_in_the_first_is_never_answered(
    ground: Ground, path: str, framing: str
) -> None:
    """Whichever of two lengths is believed: what hides behind has no answer of its own."""
    hidden = f"GET /api/v1/whoami HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ground.platform.key}\r\n\r\n"
    host, _, port = ground.platform.address.removeprefix("http://").partition(":")
    head = f"POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\nauthorization: Bearer x\r\n{framing}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=_PATIENCE) as connection:
        connection.sendall((head + "0\r\n\r\n" + hidden).encode())
        connection.shutdown(socket.SHUT_WR)
        told = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert OWNER.encode() not in told
    assert b'"kind":"person"' not in told


# Signing in.


@pytest.mark.capability("C4")
def test_passwords_are_not_tried_without_end_and_the_owner_is_not_shut_out(ground: Ground) -> None:
    """Neither a claimed address nor another door begins the count anew."""
    told = [sign_in(ground.platform, "stranger@example.org", f"guess {number}") for number in range(14)]
    statuses = [status for status, _, _ in told]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    _, headers, body = told[-1]
    assert (body["error"]["code"], body["error"]["retryable"]) == ("govern.sign_in_too_often", True)
    assert int(headers["retry-after"]) >= 1
    assert sign_in(ground.platform, OWNER, PASSWORD)[0] == 200


def sign_in(platform: RunningPlatform, email: str, password: str) -> tuple[int, dict[str, str], Any]:
    connection = http.client.HTTPConnection(platform.address.removeprefix("http://"), timeout=_PATIENCE)
    claims = {"x-forwarded-for": "203.0.113.77", "x-real-ip": "203.0.113.78", "forwarded": "for=203.0.113.79"}
    with contextlib.closing(connection):
        body = json.dumps({"email": email, "password": password})
        connection.request("POST", "/api/v1/login", body, {"content-type": "application/json", **claims})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, json.loads(answer.read())


@pytest.mark.capability("C4")
def test_the_first_token_makes_no_second_owner(ground: Ground) -> None:
    body = {"token": ground.platform.token, "name": "M", "email": "m@example.org", "password": PASSWORD}
    status, told = ask(ground.platform, "POST", "/api/v1/setup", json.dumps(body).encode(), authorization="")
    assert (status, told["error"]["code"]) == (409, "govern.already_founded")


# Being shut out, and personal data.


@pytest.mark.capability("C4")
def test_who_is_shut_out_makes_no_further_call(ground: Ground) -> None:
    """The bell rings for the gateway; without it, its next look at the database is two seconds away."""
    platform = ground.platform
    invited = ask(platform, "POST", "/api/v1/people", b'{"email": "mal@example.org", "name": "Mal"}')[1]
    accepted = {"token": invited["token"], "name": "Mal", "password": "quartet of red bicycles"}
    entered = ask(
        platform, "POST", "/api/v1/invitations/accept", json.dumps(accepted).encode(), authorization=""
    )[1]
    role = {"subject": "mal@example.org", "role": "data_scientist"}
    declare(platform, {"kind": "RoleBinding", "name": "mal", "workspace": "east", "spec": role})
    own = f"Bearer {entered['key']}"
    key = make_key(platform, "east", own)
    until(lambda: ground.call(key)[0] == 502, "the key of Mal works")
    rise = {"documents": [{"kind": "RoleBinding", "name": "up", "spec": {**role, "role": "owner"}}]}
    refused = ask(platform, "POST", "/api/v1/apply", json.dumps(rise).encode(), authorization=own)
    assert refused[0] == 403
    status, told = ask(platform, "POST", f"/api/v1/people/{invited['person']['id']}/deactivate")
    assert status == 200, told
    assert len(told["keys_revoked"]) == 2
    assert ask(platform, "GET", "/api/v1/whoami", authorization=own)[0] == 401
    until(lambda: ground.call(key)[0] == 401, "the gateway has heard of it")


@pytest.mark.capability("G12")
def test_what_a_workspace_blocks_goes_nowhere_and_is_recorded(ground: Ground, owner: CommandLine) -> None:
    secret = "FR76 3000 6000 0112 3456 7890 189"
    assert ground.call(ground.key, f"my IBAN is {secret}")[0] == 502, "masked, it may be sent"
    spec = {"personal_data": {"iban": "block"}, "routes": ["shared"]}
    declare(ground.platform, {"kind": "GuardrailPolicy", "name": "strict", "workspace": "east", "spec": spec})
    until(lambda: ground.call(ground.key, f"my IBAN is {secret}")[0] == 403, "the policy holds")
    hidden = secret.replace(" ", "\u200b")
    answer = ground.call(ground.key, hidden)
    assert (answer[0], code(answer)) == (403, "personal_data_blocked")
    assert "strict" in answer[1]["error"]["message"]
    assert ground.call(ground.key, "nothing personal")[0] == 502
    assert ground.call(ground.other_key, f"my IBAN is {secret}")[0] == 502, "only where it was declared"
    audited = owner.with_environment(TENUTO_WORKSPACE="east")
    until(
        lambda: "guard.personal_data_blocked" in audited("audit", "list", "--json").stdout,
        "the refusal is in the log",
    )


# Secrets.


def test_no_secret_lies_anywhere_it_was_not_put(ground: Ground, owner: CommandLine) -> None:
    """Not in a log, an answer, an export, nor in the clear in the database, after calls that used all of them."""
    platform = ground.platform
    secrets = [CANARY, ground.key, ground.other_key, PASSWORD, platform.token]
    assert ground.call(ground.key)[0] == 502
    for path in ("/api/v1/secrets", "/api/v1/keys", "/api/v1/people", "/api/v1/audit", "/api/v1/bindings"):
        status, told = ask(platform, "GET", path)
        assert status == 200, path
        assert not [one for one in secrets if one in json.dumps(told)], path
    ledger = ask(platform, "GET", "/api/v1/ledger", workspace="east")
    assert ledger[0] == 200
    assert not [one for one in secrets if one in json.dumps(ledger[1])]
    bundle = owner.folder / "bundle.zip"
    owner("audit", "export", bundle)
    with zipfile.ZipFile(bundle) as exported:
        for name in exported.namelist():
            content = exported.read(name)
            assert not [one for one in secrets if one.encode() in content], name
    for log in [platform.home.with_name(f"{platform.home.name}-up.log"), *platform.home.rglob("*.log")]:
        content = log.read_bytes()
        assert not [one for one in secrets if one.encode() in content], log
    for table, text in everything(platform):
        assert not [one for one in secrets if one in text], table


def everything(platform: RunningPlatform) -> Iterator[tuple[str, str]]:
    """Yield every row of the database as text."""
    with admin(platform.home) as connection:
        names = connection.execute(
            "select tablename::text from pg_tables where schemaname = 'public'"
        ).fetchall()
        for (name,) in names:
            for (text,) in connection.execute(f'select t::text from "{name}" t'):  # noqa: S608  # names of tables
                yield name, text
