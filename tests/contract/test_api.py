"""The whole control plane over HTTP, under the real policies: strangers, and people of another workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from support.pipeline_graphs import graph, node
from support.platform import fresh_database, shared_url
from support.use_case_calls import DIGEST, new_dataset, new_model
from tenuto.app.building import Platform, build
from tenuto.app.settings import read_settings
from tenuto.app.site import control_site
from tenuto.app.upkeep import checkpoint_now
from tenuto.core.digests import digest_of
from tenuto.core.words import ANONYMOUS, Scope
from tenuto.govern.access.use_cases import grant
from tenuto.govern.identities import entrance
from tenuto.govern.identities.entrance import Entered, NewOwner
from tenuto.govern.identities.use_cases import create_account, create_key, invite
from tenuto.govern.identities.words import KeyPurpose
from tenuto.govern.resources.use_cases import apply
from tenuto.govern.resources.words import Document
from tenuto.govern.secret_text import SecretText
from tenuto.govern.secrets.use_cases import write_secret
from tenuto.govern.workspaces import queries as places
from tenuto.pipelines.use_cases import NewRun, submit, submit_code
from tenuto.registry import use_cases as registry
from tenuto.registry.rules import approval_digest
from tenuto.store.database import Role
from tenuto.store.embedded.server import Server
from tenuto.store.schema import metadata
from tenuto.web.registry.registry import Registry
from tenuto.web.registry.sweep import anonymous_attempts
from tenuto.web.registry.words import Route, Surface

STRANGER = Scope(ANONYMOUS, None, "test-request", "127.0.0.1")
PASSWORD = SecretText("correct horse battery staple")
GRAPH = msgspec.json.encode(graph(node("a", 1)))
# Who may do something only in `mine` is refused everywhere else, or told that there is no such thing.
REFUSED = {403, 404}
# A refusal is recorded, and its record gets its place in the log like every other.
LOG = {"audit_record", "audit_pending", "audit_writer", "audit_entry", "audit_tree", "audit_checkpoint"}
# Routes that belong to everybody who is known, or show each only what is their own.
OWN = {"/api/v1/whoami", "/api/v1/password"}


@dataclass(frozen=True)
class House:
    """A platform with an owner (Eve), and Ben, who owns the workspace `mine` and nothing else."""

    platform: Platform
    client: TestClient
    routes: Registry
    eve: Entered
    keys: dict[str, str]
    made: dict[str, str]

    def ask(self, who: str, method: str, path: str, workspace: str = "", **more: Any) -> Any:
        headers = {"authorization": f"Bearer {self.keys[who]}"} if who else {}
        if workspace:
            headers["tenuto-workspace"] = workspace
        return self.client.request(method, path, headers=headers, follow_redirects=False, **more)

    def contents(self) -> dict[str, str]:
        """Return the digest of every table but the log."""
        parts = [
            f"select '{name}' as name, coalesce(md5(string_agg(t::text, ';' order by t::text)), '') as digest from {name} t"  # noqa: S608, E501 (names from our own metadata)
            for name in sorted(set(metadata.tables) - LOG)
        ]
        with self.platform.desk.database.begin(STRANGER, Role.SYSTEM) as tx:
            return {row.name: row.digest for row in tx.rows(sa.text(" union all ".join(parts)))}


@pytest.fixture(scope="module")
def house(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("house") / "home"
    with fresh_database(postgres) as name:
        platform = build(read_settings({}, home=home, database_url=shared_url(postgres, name)))
        with TestClient(
            control_site(platform, lambda: checkpoint_now(platform)), base_url="http://127.0.0.1:8484"
        ) as client:
            yield _furnished(platform, client, home)
        platform.close()


def _furnished(platform: Platform, client: TestClient, home: Path) -> House:
    desk, keeper = platform.desk, platform.keeper
    token = entrance.bootstrap_token(keeper)
    assert token is not None
    eve = entrance.found(
        keeper, STRANGER, token, NewOwner(name="Eve", email="eve@example.org", password=PASSWORD)
    )
    scope = msgspec.structs.replace(STRANGER, actor=eve.person.actor)
    documents = [Document("Workspace", name, {"environment": "test"}) for name in ("mine", "theirs")]
    apply(desk, scope, kinds=platform.kinds, documents=documents)
    with desk.database.begin(scope) as tx:
        ids = {name: places.by_name(tx, name).id for name in ("mine", "theirs")}
    ben = invite(desk, scope, keeper=keeper, email="ben@example.org", name="Ben")
    entrance.accept_invitation(keeper, STRANGER, ben.token, name="Ben", password=PASSWORD)
    own = msgspec.structs.replace(scope, workspace=ids["mine"])
    asked = {"subject_kind": "person", "subject": "ben@example.org", "role": "owner"}
    grant(desk, own, decider=platform.decider, **asked)
    keys = {
        name: entrance.log_in(keeper, STRANGER, f"{name}@example.org", PASSWORD).key.reveal()
        for name in ("eve", "ben")
    }
    routes = client.app._registry  # type: ignore[attr-defined]
    create_account(desk, scope, name="robot")
    made = ids | {"person": eve.person.id} | _things(platform, scope, ids["theirs"], home)
    return House(platform, client, routes, eve, keys, made)


def _things(platform: Platform, scope: Scope, workspace: str, home: Path) -> dict[str, str]:
    """Make one thing of everything in the other workspace, and return what each is called by."""
    desk, there = platform.desk, msgspec.structs.replace(scope, workspace=workspace)
    (home / "sources").mkdir()
    (home / "sources" / "a.csv").write_text("a\n1\n")
    documents = [
        Document("Budget", "small", {"amount": "1"}, "theirs"),
        Document("Budget", "small", {"amount": "2"}, "theirs"),
        Document("Source", "flowers", {"path": str(home / "sources")}, "theirs"),
        Document("Gate", "default", {}, "theirs"),
    ]
    for document in documents:
        apply(desk, scope, kinds=platform.kinds, documents=[document])
    registry.register_dataset(desk, there, new=new_dataset())
    platform.blobs.put_bytes(b"content")
    model = registry.register_model(desk, there, signer=platform.keys.models, new=new_model())
    submit_code(desk, there, digest=DIGEST, size=7, name="project")
    run = submit(desk, there, new=NewRun(graph=GRAPH, code=DIGEST))
    write_secret(desk, there, vault=platform.vault, name="token", value=SecretText("canary"))
    key = create_key(desk, there, keeper=platform.keeper, name="gate", purpose=KeyPurpose.GATEWAY)
    asked = {"subject_kind": "person", "subject": "eve@example.org", "role": "viewer"}
    bound = grant(desk, there, decider=platform.decider, **asked)
    return {
        "run": run.id,
        "key": key.info.id,
        "binding": bound.id,
        "digest": DIGEST,
        "approval": approval_digest(model),
    }


def _path(house: House, route: Route) -> str:
    named = {
        "/sources/": {"name": "flowers"},
        "/datasets/": {"name": "flowers"},
        "/models/": {"name": "iris"},
        "/secrets/": {"name": "token"},
        "/service-accounts/": {"name": "robot"},
        "/resources/": {"kind": "Budget", "name": "small"},
    }
    values = house.made | next((found for part, found in named.items() if part in route.path), {})
    return route.path.format(**values)


def _more(house: House, route: Route) -> dict[str, Any]:
    """Return the body that a route takes. A route without one here fails the sweep."""
    if route.upload_limit is not None:
        return {"content": b"content"}
    if route.body is None:
        return {}
    document = {"kind": "Budget", "name": "small", "spec": {"amount": "3"}, "workspace": "theirs"}
    decision = {"version": 1, "digest": house.made["approval"], "comment": "x"}
    bodies: dict[str, dict[str, Any]] = {
        "/api/v1/plan": {"documents": [document]},
        "/api/v1/apply": {"documents": [document]},
        "/api/v1/resources/{kind}/{name}/rollback": {},
        "/api/v1/people": {"email": "x@example.org", "name": "X"},
        "/api/v1/service-accounts": {"name": "another-robot"},
        "/api/v1/keys": {"name": "x", "purpose": "gateway"},
        "/api/v1/secrets/{name}": {"value": "stolen"},
        "/api/v1/bindings": {"subject": "ben@example.org", "role": "owner"},
        "/api/v1/explain": {"subject": "ben@example.org", "action": "govern:resource:read"},
        "/api/v1/sources/{name}/ingest": {"dataset": "flowers"},
        "/api/v1/models/{name}/approve": decision,
        "/api/v1/models/{name}/refuse": decision,
        "/api/v1/runs": {"graph": msgspec.json.decode(GRAPH), "code": DIGEST},
    }
    return {"json": bodies[route.path]}


def asked_routes(house: House) -> list[Route]:
    return [
        route
        for route in house.routes
        if route.surface is Surface.API and route.public is None and route.path not in OWN
    ]


@pytest.mark.capability("C4")
def test_nobody_unknown_gets_anything(house: House) -> None:
    before = house.contents()
    attempts = list(anonymous_attempts(house.routes))
    assert len(attempts) > 40
    for attempt in attempts:
        answer = house.ask("", attempt.method, attempt.path)
        assert answer.status_code in attempt.refusals, f"{attempt.method} {attempt.path}"
    assert house.contents() == before


@pytest.mark.capability("C1")
@pytest.mark.parametrize("by", ["name", "id"])
def test_whoever_has_rights_in_one_workspace_gets_nothing_of_another(house: House, by: str) -> None:
    theirs = "theirs" if by == "name" else house.made["theirs"]
    before = house.contents()
    routes = asked_routes(house)
    assert len(routes) > 35
    for route in routes:
        answer = house.ask("ben", route.method, _path(house, route), theirs, **_more(house, route))
        told = f"{route.method} {route.path}: {answer.status_code} {answer.text[:300]}"
        assert answer.status_code in REFUSED, told
        assert "canary" not in answer.text
    assert house.contents() == before


@pytest.mark.capability("C1")
def test_neither_by_naming_what_is_there_from_his_own(house: House) -> None:
    """In his own workspace he may do anything, but what lies in the other is not there for him."""
    before = house.contents()
    for route in asked_routes(house):
        if "{" not in route.path or route.method == "PUT":
            continue
        answer = house.ask("ben", route.method, _path(house, route), "mine", **_more(house, route))
        told = f"{route.method} {route.path}: {answer.status_code} {answer.text[:300]}"
        assert answer.status_code in REFUSED, told
    assert house.contents() == before


@pytest.mark.capability("C1")
def test_the_sweep_asks_for_what_is_there(house: House) -> None:
    """The owner's same requests are answered: what refuses Ben is his lack of rights, not a wrong request."""
    for route in asked_routes(house):
        if route.method == "GET":
            answer = house.ask("eve", "GET", _path(house, route), "theirs")
            assert answer.status_code == 200, f"{route.path}: {answer.status_code} {answer.text[:300]}"


@pytest.mark.parametrize("workspace", ["nowhere", "0193a000-0000-7000-8000-00000000dead"])
def test_a_workspace_that_is_not_there_is_not_there_for_an_owner_either(house: House, workspace: str) -> None:
    for method, path, more in (
        ("GET", "/api/v1/runs", {}),
        ("PUT", "/api/v1/secrets/x", {"json": {"value": "x"}}),
        ("GET", "/api/v1/whoami", {}),
    ):
        answer = house.ask("eve", method, path, workspace, **more)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "govern.workspace_unknown")


def test_whoami_tells_the_caller_and_nobody_else(house: House) -> None:
    found = house.ask("eve", "GET", "/api/v1/whoami").json()
    assert (found["actor"]["name"], found["actor"]["kind"]) == ("Eve", "person")
    assert house.ask("ben", "GET", "/api/v1/whoami", "mine").json() == {
        "actor": {
            "kind": "person",
            "id": house.ask("ben", "GET", "/api/v1/whoami").json()["actor"]["id"],
            "name": "Ben",
            "owner": None,
        },
        "workspace": house.made["mine"],
    }
    assert house.ask("", "GET", "/api/v1/whoami").status_code == 401
    for wrong in ("tnt_live_x", house.keys["eve"][:-1] + "!"):
        headers = {"authorization": f"Bearer {wrong}"}
        assert house.client.get("/api/v1/whoami", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code"),
    [
        ("POST", "/api/v1/apply", {"json": {"documents": []}}, 400, "govern.nothing_declared"),
        ("POST", "/api/v1/plan", {"json": {"documents": []}}, 400, "govern.nothing_declared"),
        ("GET", "/api/v1/runs/not-an-id", {}, 404, "pipelines.run_unknown"),
        ("GET", "/api/v1/runs/01a2010c/logs", {}, 404, "pipelines.run_unknown"),
        ("POST", "/api/v1/runs/01a2010c/cancel", {}, 404, "pipelines.run_unknown"),
        ("POST", "/api/v1/people/ghost@example.com/deactivate", {}, 404, "govern.person_unknown"),
        ("DELETE", "/api/v1/bindings/not-an-id", {}, 404, "govern.binding_unknown"),
        ("GET", "/api/v1/artifacts/no-digest/content", {}, 404, "registry.artifact_unknown"),
        ("GET", f"/api/v1/artifacts/{digest_of(b'x')}/content", {}, 404, "registry.artifact_unknown"),
        ("POST", "/api/v1/service-accounts", {"json": {"name": "a\0b"}}, 400, "store.value_refused"),
    ],
)
def test_wrong_input_is_told_and_is_no_fault_of_ours(
    house: House, method: str, path: str, more: dict[str, Any], status: int, code: str
) -> None:
    answer = house.ask("eve", method, path, "theirs", **more)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_an_export_that_is_refused_leaves_no_file(house: House) -> None:
    scratch = house.platform.settings.home / "scratch"
    assert house.ask("eve", "GET", "/api/v1/audit/export").status_code == 200
    assert house.ask("ben", "GET", "/api/v1/audit/export").status_code == 403
    assert list(scratch.iterdir()) == []


@pytest.mark.capability("C7")
def test_who_may_not_verify_causes_no_checkpoint(house: House) -> None:
    """Ordering and signing the log is work that only those may ask for who may see what comes of it."""

    def checkpoints() -> int:
        with house.platform.desk.database.begin(STRANGER, Role.SYSTEM) as tx:
            return int(tx.scalar(sa.text("select count(*) from audit_checkpoint")))

    before = checkpoints()
    for method, path, named in (("POST", "verify", ""), ("GET", "export", ""), ("GET", "export", "mine")):
        assert house.ask("ben", method, f"/api/v1/audit/{path}", named).status_code == 403
    assert checkpoints() == before
    assert house.ask("eve", "POST", "/api/v1/audit/verify").status_code == 200
    assert checkpoints() == before + 1
