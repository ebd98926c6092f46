"""Before the first step: people, roles, a workspace, providers and prices, all through the API."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from tenuto.cli.demo import application as app
from tenuto.cli.demo.door import Door
from tenuto.cli.demo.provider import Provider
from tenuto.cli.demo.simulators import Simulator
from tenuto.cli.demo.stage import OWNER_EMAIL, WORKSPACE

ROUTE, PROVIDER_ROUTE = "assistant", "real-assistant"
# For a million tokens. Declared for every upstream of the demo, a real one too: the books are exact either way.
INPUT_PRICE, OUTPUT_PRICE = Decimal(150), Decimal(600)
_KEY_NAME, _PROVIDER_KEY_NAME = "simulator-key", "provider-key"
_OWNER = "Ada Lovelace"
# Ben may approve in general, so that what stops him is that he is the author.
_PEOPLE = (
    ("ben@example.org", "Ben Okoye", ("data_scientist", "approver")),
    ("chloe@example.org", "Chloé Martin", ("approver", "data_scientist")),
)


class Arrived(msgspec.Struct, frozen=True):
    """Somebody who has an account now, and a key."""

    name: str
    id: str
    key: str

    def __repr__(self) -> str:
        return f"Arrived({self.name!r}, ***)"


def first_owner(address: str, token: str, password: str) -> Arrived:
    """Make Ada the owner."""
    given = {
        "token": token,
        "name": _OWNER,
        "email": OWNER_EMAIL,
        "password": password,
        "organisation": "Demo",
    }
    return _arrived(_OWNER, Door(address).post("/api/v1/setup", given))


def people(address: str, owner: Door) -> list[Arrived]:
    """Invite Ben and Chloé, let each set a password, give each a role."""
    arrived = []
    for email, name, roles in _PEOPLE:
        invited = owner.post("/api/v1/people", {"email": email, "name": name})
        accepted = {"token": invited["token"], "name": name, "password": secrets.token_urlsafe(18)}
        arrived.append(_arrived(name, Door(address).post("/api/v1/invitations/accept", accepted)))
        for role in roles:
            owner.post("/api/v1/bindings", {"subject": email, "role": role})
    return arrived


def workspace(owner: Door) -> None:
    """Make the one workspace of the demo, and the gate that every model version in it goes through."""
    gate = {"metrics": {"accuracy": {"min": 0.9}}, "evidence": ["evaluation", "explanation", "parity"]}
    documents = [
        {"kind": "Workspace", "name": WORKSPACE, "spec": {"environment": "production"}},
        {"kind": "Gate", "name": "default", "workspace": WORKSPACE, "spec": gate},
    ]
    owner.post("/api/v1/apply", {"documents": documents})


def upstreams(
    owner: Door, simulators: Sequence[Simulator], api_key: str, provider: Provider | None = None
) -> None:
    """Declare the upstreams behind one route: the first simulator, and who answers when it cannot.

    That is the second simulator, or the real provider, which then has a route of its own too.
    """
    owner.put(f"/api/v1/secrets/{_KEY_NAME}", {"value": api_key})
    documents = [
        document
        for number, one in enumerate(simulators, start=1)
        for document in _simulated(f"simulator-{number}", one)
    ]
    behind = {"provider": "simulator-2", "model": "sim-1"}
    if provider is not None:
        if provider.key is not None:
            owner.put(f"/api/v1/secrets/{_PROVIDER_KEY_NAME}", {"value": provider.key})
        behind = {"provider": provider.name, "model": provider.model}
        documents += [*_real(provider), _route(PROVIDER_ROUTE, behind)]
    documents.append(_route(ROUTE, {"provider": "simulator-1", "model": "sim-1"}, behind))
    owner.post("/api/v1/apply", {"documents": documents})


def _simulated(name: str, one: Simulator) -> list[dict[str, Any]]:
    spec = {
        "dialect": "openai",
        "profile": "openai-compatible",
        "base_url": f"{one.address}/v1",
        "secret": _KEY_NAME,
    }
    rule = {"host": "127.0.0.1", "port": one.port, "private": True}
    return [
        {"kind": "EgressRule", "name": name, "spec": rule},
        {"kind": "Provider", "name": name, "spec": spec},
        _price(name),
    ]


def _real(provider: Provider) -> list[dict[str, Any]]:
    """Declare a real provider. The allow-list knows its usual host already."""
    spec: dict[str, Any] = {
        "dialect": provider.dialect,
        "profile": provider.name,
        "base_url": provider.base_url,
    }
    if provider.key is not None:
        spec["secret"] = _PROVIDER_KEY_NAME
    documents = [{"kind": "Provider", "name": provider.name, "spec": spec}, _price(provider.name)]
    if provider.is_own_address:
        rule = {"host": provider.host, "port": provider.port, "private": provider.is_private}
        documents.append({"kind": "EgressRule", "name": provider.name, "spec": rule})
    return documents


def _price(provider: str) -> dict[str, Any]:
    spec = {"provider": provider, "model": "*", "input": str(INPUT_PRICE), "output": str(OUTPUT_PRICE)}
    return {"kind": "Price", "name": provider, "spec": spec}


def _route(name: str, *answering: dict[str, str]) -> dict[str, Any]:
    spec = {"upstreams": list(answering), "output_cap": 400}
    return {"kind": "Route", "name": name, "workspace": WORKSPACE, "spec": spec}


def application(owner: Door) -> str:
    """Make a service account for an application and return its gateway key."""
    owner.post("/api/v1/service-accounts", {"name": app.NAME})
    grant = {"subject": app.NAME, "subject_kind": "service_account", "role": "application"}
    owner.post("/api/v1/bindings", grant)
    made = owner.post("/api/v1/keys", {"name": app.NAME, "purpose": "gateway", "account": app.NAME})
    return str(made["key"])


def _arrived(name: str, told: Any) -> Arrived:
    return Arrived(name, str(told["person"]["id"]), str(told["key"]))
