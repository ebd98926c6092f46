"""Loaded objects as Cedar entities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Actor, Ref
from tenuto.govern.actions import Action, Nature
from tenuto.govern.errors import FACTS_INVALID
from tenuto.govern.policy.schema import ANY, FACTS, ORGANISATION, PRINCIPALS, WORKSPACE
from tenuto.govern.policy.words import Place

Uid = dict[str, str]
UNNAMED = "*"  # the id of anything of a kind
THE_ORGANISATION: Uid = {"type": ORGANISATION, "id": "organisation"}
_GROUPS = MappingProxyType(
    {nature: [{"type": "Action", "id": nature.value}, {"type": "Action", "id": ANY}] for nature in Nature}
)
_FITS: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "String": lambda value: isinstance(value, str),
        "Set<String>": lambda value: (
            isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
        ),
    }
)


def workspace_uid(workspace: str) -> Uid:
    return {"type": WORKSPACE, "id": workspace}


def principal_uid(actor: Actor) -> Uid:
    return {"type": PRINCIPALS[actor.kind], "id": actor.id}


def resource_uid(resource: Ref) -> Uid:
    if resource.kind == ORGANISATION:
        return THE_ORGANISATION  # there is one, whatever its id
    return {"type": resource.kind, "id": resource.id}


def place_of(resource: Ref) -> str | None:
    """Return the workspace a resource lies in; a workspace lies in itself."""
    return resource.id if resource.kind == WORKSPACE else resource.workspace


def owned_by(actor: Actor, resource: Ref) -> Ref:
    """Return what is asked about as the actor's own, unless it is known whose it is or nobody owns such things."""
    if resource.id == UNNAMED and resource.kind == PRINCIPALS[actor.kind]:
        return msgspec.structs.replace(resource, id=actor.id)
    if "owner" in FACTS.get(resource.kind, {}) and "owner" not in resource.facts:
        return msgspec.structs.replace(resource, facts={**resource.facts, "owner": actor.answerable})
    return resource


def place_entities(place: Place | None) -> str:
    """Return what stands around every resource of a place: the organisation and the workspace."""
    entities = [_entity(THE_ORGANISATION, {"name": ""}, [])]
    if place is not None:
        shape = {
            "name": place.name,
            "environment": place.environment,
            "separation_of_duties": place.separation_of_duties,
        }
        entities.append(_entity(workspace_uid(place.id), shape, [THE_ORGANISATION]))
    return msgspec.json.encode(entities).decode()


def request_entities(actor: Actor, action: Action, resource: Ref) -> str:
    """Return the entities of one question: who asks, to do what, and to what."""
    who, what = principal_uid(actor), resource_uid(resource)
    shape = {"name": actor.name, "answerable": actor.answerable}
    entities = [_entity({"type": "Action", "id": action.value}, {}, _GROUPS[action.nature])]
    if resource.kind not in {ORGANISATION, WORKSPACE}:  # those two stand around already
        entities.append(_entity(what, _shape(resource) | (shape if who == what else {}), [_parent(resource)]))
    if who != what:
        entities.append(_entity(who, shape, []))
    return msgspec.json.encode(entities).decode()


def context(workspace: str | None) -> dict[str, Any]:
    return {} if workspace is None else {"workspace": {"__entity": workspace_uid(workspace)}}


def _shape(resource: Ref) -> dict[str, Any]:
    known = FACTS.get(resource.kind, {})
    shape: dict[str, Any] = {"name": resource.name}
    for fact, value in resource.facts.items():
        if fact not in known:
            raise TenutoError(FACTS_INVALID, f"{resource.kind} has no fact {fact!r}")
        if not _FITS[known[fact]](value):
            raise TenutoError(FACTS_INVALID, f"{resource.kind}: the fact {fact!r} is no {known[fact]}")
        shape[fact] = value
    if resource.workspace is not None:
        shape["workspace"] = {"__entity": workspace_uid(resource.workspace)}
    if resource.kind in PRINCIPALS.values():
        shape["answerable"] = resource.facts.get("owner", resource.id)
    return shape


def _parent(resource: Ref) -> Uid:
    return THE_ORGANISATION if resource.workspace is None else workspace_uid(resource.workspace)


def _entity(uid: Uid, attrs: dict[str, Any], parents: list[Uid]) -> dict[str, Any]:
    return {"uid": uid, "attrs": attrs, "parents": parents}
