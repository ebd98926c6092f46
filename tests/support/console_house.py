"""A whole platform on a free port, with people who have roles in it: for tests of the console's pages."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tenuto.app.settings import Settings, child_environment
from tenuto.app.up import running
from tenuto.cli.demo import data_steps, gateway_steps, run_steps, setting_up
from tenuto.cli.demo.application import Application
from tenuto.cli.demo.door import Door
from tenuto.cli.demo.people import Person, Surroundings, Uses
from tenuto.cli.demo.performance import PROJECT
from tenuto.cli.demo.simulators import simulator
from tenuto.cli.demo.stage import WORKSPACE, Stage

PASSWORD = "quartet of red bicycles"
OWNER = ("ada@example.org", "Ada Lovelace")
SCIENTIST = ("ben@example.org", "Ben Okoye")
APPROVER = ("chloe@example.org", "Chloé Martin")
_ROLES = {SCIENTIST: ("data_scientist", "approver"), APPROVER: ("approver",)}


class House(msgspec.Struct, frozen=True):
    """``keys`` are platform keys by e-mail address; everybody has ``PASSWORD``."""

    address: str
    settings: Settings
    token: str
    keys: dict[str, str]

    def api(
        self, who: tuple[str, str], method: str, path: str, body: Any = None, workspace: str = WORKSPACE
    ) -> Any:
        return ask(self.address, method, path, body, key=self.keys[who[0]], workspace=workspace)


def ask(
    address: str,
    method: str,
    path: str,
    body: Any = None,
    *,
    key: str = "",
    workspace: str = "",
    content: bytes | None = None,
) -> Any:
    """Send one request of the API and return its JSON."""
    headers = {"content-type": "application/json" if content is None else "application/x-tar"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    if workspace:
        headers["tenuto-workspace"] = workspace
    data = content if content is not None else (None if body is None else json.dumps(body).encode())
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    with contextlib.closing(connection):
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        told = answer.read()
    assert answer.status < 300, f"{method} {path}: {answer.status} {told.decode()}"
    return json.loads(told or b"null")


@contextlib.contextmanager
def house(folder: Path) -> Iterator[House]:
    """Yield a platform that nobody owns yet."""
    settings = Settings(
        home=folder / "home",
        port=_free_port(),
        checkpoint_folder=folder / "checkpoints",
        checkpoint_seconds=1.0,
    )
    with running(settings, lambda _said: None) as platform:
        yield House(platform.address, settings, platform.token or "", {})


def settle(built: House) -> None:
    """Make the owner, a workspace and two people: one who makes models, one who approves them."""
    email, name = OWNER
    made = ask(
        built.address,
        "POST",
        "/api/v1/setup",
        {"token": built.token, "name": name, "email": email, "password": PASSWORD},
    )
    built.keys[email] = made["key"]
    setting_up.workspace(Door(built.address, made["key"]))
    sandbox = {"environment": "development", "separation_of_duties": False}
    apply(built, {"kind": "Workspace", "name": "sandbox", "spec": sandbox})
    for (address, called), roles in _ROLES.items():
        invited = built.api(OWNER, "POST", "/api/v1/people", {"email": address, "name": called})
        accepted = {"token": invited["token"], "name": called, "password": PASSWORD}
        built.keys[address] = ask(built.address, "POST", "/api/v1/invitations/accept", accepted)["key"]
        for role in roles:
            built.api(OWNER, "POST", "/api/v1/bindings", {"subject": address, "role": role})


@contextlib.contextmanager
def lived_in(built: House, folder: Path) -> Iterator[Stage]:
    """Let the demo's own steps happen in a settled house: a dataset, a run, a model that waits, two calls."""
    key = "a-key-of-the-upstream"
    owner, scientist, approver = (_person(built, who, folder) for who in (OWNER, SCIENTIST, APPROVER))
    with simulator(folder / "first.jsonl", key) as first, simulator(folder / "second.jsonl", key) as second:
        setting_up.upstreams(Door(built.address, built.keys[OWNER[0]]), [first, second], key)
        gateway_key = setting_up.application(owner.http)
        application = Application(built.address, gateway_key, Uses())
        stage = Stage(
            address=built.address,
            folder=folder,
            project=PROJECT,
            sources=built.settings.home / "sources",
            logs=built.settings.home / "logs",
            owner=owner,
            scientist=scientist,
            approver=approver,
            application=application,
            first=first,
            second=second,
            worker_pid=lambda: 0,
            progress=lambda _said: None,
            uses=Uses(),
            kept={"gateway_key": gateway_key},
        )
        data_steps.ingest(stage)
        run = run_steps.follow(stage, run_steps.start(stage, depth=3))
        run_steps.require_succeeded(run)
        stage.kept["run"] = run.run.id
        gateway_steps.call_models(stage)
        yield stage
        for one in (owner, scientist, approver):
            one.close()
        application.close()


def _person(built: House, who: tuple[str, str], folder: Path) -> Person:
    email, name = who
    known = ask(built.address, "GET", "/api/v1/whoami", key=built.keys[email])
    environment = child_environment(built.settings)
    around = Surroundings(built.address, WORKSPACE, folder, environment, Uses())
    return Person(name, known["actor"]["id"], built.keys[email], around)


def apply(built: House, *documents: dict[str, Any]) -> None:
    built.api(OWNER, "POST", "/api/v1/apply", {"documents": list(documents)}, workspace="")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
