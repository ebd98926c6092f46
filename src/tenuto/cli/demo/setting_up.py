"""Before the first step: people, roles, a workspace, providers and prices, all through the API."""

from __future__ import annotations

import secrets
from typing import Any

from tenuto.cli.demo.door import Door
from tenuto.cli.demo.simulators import Simulator
from tenuto.cli.demo.stage import WORKSPACE

_KEY_NAME = "simulator-key"
# Ben may approve in general, so that what stops him is that he is the author.
_PEOPLE = (
    ("ben@example.org", "Ben Okoye", ("data_scientist", "approver")),
    ("chloe@example.org", "Chloé Martin", ("approver", "data_scientist")),
)


def first_owner(address: str, token: str, password: str) -> str:
    """Make Ada the owner; return her key."""
    made = Door(address).post(
        "/api/v1/setup",
        {
            "token": token,
            "name": "Ada Lovelace",
            "email": "ada@example.org",
            "password": password,
            "organisation": "Demo",
        },
    )
    return str(made["key"])


def people(address: str, owner: Door) -> list[str]:
    """Invite Ben and Chloé, let each set a password, give each a role; return their keys."""
    keys = []
    for email, name, roles in _PEOPLE:
        invited = owner.post("/api/v1/people", {"email": email, "name": name})
        accepted = {"token": invited["token"], "name": name, "password": secrets.token_urlsafe(18)}
        keys.append(str(Door(address).post("/api/v1/invitations/accept", accepted)["key"]))
        for role in roles:
            owner.post("/api/v1/bindings", {"subject": email, "role": role})
    return keys


def workspace(owner: Door) -> None:
    """Make the one workspace of the demo, and the gate that every model version in it goes through."""
    gate = {"metrics": {"accuracy": {"min": 0.9}}, "evidence": ["evaluation", "explanation", "parity"]}
    documents = [
        {"kind": "Workspace", "name": WORKSPACE, "spec": {"environment": "production"}},
        {"kind": "Gate", "name": "default", "workspace": WORKSPACE, "spec": gate},
    ]
    owner.post("/api/v1/apply", {"documents": documents})


def upstreams(owner: Door, simulators: list[Simulator], api_key: str) -> None:
    """Declare both simulators as providers behind one route; the second answers when the first cannot."""
    documents: list[dict[str, Any]] = []
    for number, one in enumerate(simulators, start=1):
        name = f"simulator-{number}"
        spec = {
            "dialect": "openai",
            "profile": "openai-compatible",
            "base_url": f"{one.address}/v1",
            "secret": _KEY_NAME,
        }
        rule = {"host": "127.0.0.1", "port": one.port, "private": True}
        price = {"provider": name, "model": "*", "input": "150", "output": "600"}
        documents += [
            {"kind": "EgressRule", "name": name, "spec": rule},
            {"kind": "Provider", "name": name, "spec": spec},
            {"kind": "Price", "name": name, "spec": price},
        ]
    route = {
        "upstreams": [{"provider": f"simulator-{number}", "model": "sim-1"} for number in (1, 2)],
        "output_cap": 400,
    }
    documents.append({"kind": "Route", "name": "assistant", "workspace": WORKSPACE, "spec": route})
    owner.put(f"/api/v1/secrets/{_KEY_NAME}", {"value": api_key})
    owner.post("/api/v1/apply", {"documents": documents})


def application(owner: Door) -> str:
    """Make a service account for an application and return its gateway key."""
    owner.post("/api/v1/service-accounts", {"name": "support-app"})
    grant = {"subject": "support-app", "subject_kind": "service_account", "role": "application"}
    owner.post("/api/v1/bindings", grant)
    made = owner.post("/api/v1/keys", {"name": "support-app", "purpose": "gateway", "account": "support-app"})
    return str(made["key"])
