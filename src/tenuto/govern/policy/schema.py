"""The Cedar schema, made from the list of actions: one truth, and no second file to keep in step."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tenuto.core.words import ActorKind
from tenuto.govern.actions import Action, Nature, kinds

ANY = "any"  # the group of all actions
ORGANISATION = "Organisation"
WORKSPACE = "Workspace"
PRINCIPALS: Mapping[ActorKind, str] = MappingProxyType(
    {
        ActorKind.PERSON: "Person",
        ActorKind.SERVICE_ACCOUNT: "ServiceAccount",
        ActorKind.RUN: "Run",
        ActorKind.SYSTEM: "System",
    }
)
FACTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ApiKey": {"owner": "String"},
        "Approval": {"authors": "Set<String>", "digest": "String", "subject": "String"},
        "Dataset": {"digest": "String"},
        "ModelVersion": {"authors": "Set<String>", "digest": "String", "stage": "String"},
        "Run": {"authors": "Set<String>"},
        "ServiceAccount": {"owner": "String"},
    }
)
"""What policies may look at, by kind. All are optional, so a policy has to ask whether they are there. Of a
workspace, policies see what is in force (``Place``), never what the loaded object says."""

_COMMON = "name: String, workspace?: Workspace"
_CONTEXT = "{workspace?: Workspace}"


def schema_text() -> str:
    """Return the schema in Cedar's own syntax."""
    entities = [_entity(kind) for kind in sorted({*kinds(), *PRINCIPALS.values(), WORKSPACE, ORGANISATION})]
    groups = [f'action "{ANY}";', *(f'action "{nature.value}" in [Action::"{ANY}"];' for nature in Nature)]
    return "\n".join([*entities, *groups, *map(_action, Action), ""])


def _entity(kind: str) -> str:
    if kind == ORGANISATION:
        return f"entity {kind} = {{name: String}};"
    if kind == WORKSPACE:
        shape = "name: String, environment: String, separation_of_duties: Bool"
        return f"entity {kind} in [{ORGANISATION}] = {{{shape}}};"
    facts = [f"{name}?: {type_}" for name, type_ in FACTS.get(kind, {}).items()]
    answerable = ["answerable: String"] if kind in PRINCIPALS.values() else []
    shape = ", ".join([_COMMON, *answerable, *facts])
    return f"entity {kind} in [{WORKSPACE}, {ORGANISATION}] = {{{shape}}};"


def _action(action: Action) -> str:
    resources = ", ".join(action.kinds)
    principals = ", ".join(sorted(PRINCIPALS.values()))
    return (
        f'action "{action.value}" in [Action::"{action.nature.value}"] appliesTo '
        f"{{principal: [{principals}], resource: [{resources}], context: {_CONTEXT}}};"
    )
