"""One question put to Cedar, and its answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cedarpy
import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Actor, Ref
from tenuto.govern.actions import Action
from tenuto.govern.errors import FACTS_INVALID, POLICY_UNDECIDED
from tenuto.govern.policy import entities
from tenuto.govern.policy.library import PolicyLibrary
from tenuto.govern.policy.words import Binding

_LINK = (
    "#"  # parts binding and template in the id of a link; the ids that Cedar gives by itself do not hold it
)


class Question(msgspec.Struct, frozen=True):
    """``workspace`` is the one the actor works in."""

    actor: Actor
    action: Action
    resource: Ref
    workspace: str | None


class Answer(msgspec.Struct, frozen=True):
    """``policies`` are the ids of the links and static policies that decided, links first; none: not allowed."""

    allowed: bool
    policies: tuple[str, ...]


class Linked(msgspec.Struct, frozen=True):
    """Policies to evaluate, and whose binding each link in them is."""

    policies: cedarpy.PolicySet
    links: dict[str, Binding]


def link(
    library: PolicyLibrary,
    action: Action,
    principal: entities.Uid,
    bindings: Iterable[Binding],
    statics: Iterable[str] = (),
) -> Linked:
    """Link what the roles of the bindings say on an action, all for one principal, beside static policies."""
    links: dict[str, Binding] = {}
    wanted: list[dict[str, Any]] = []
    for binding in bindings:
        for template in library.templates_of(binding.role, action):
            name = f"{binding.id}{_LINK}{template}"
            links[name] = binding
            values = {"?principal": principal, "?resource": _scope(binding)}
            wanted.append({"template_id": template, "new_id": name, "values": values})
    policies = library.some([*statics, *(each["template_id"] for each in wanted)])
    return Linked(policies.with_linked_batch(wanted) if wanted else policies, links)


def ask(question: Question, linked: Linked, around: cedarpy.Entities, schema: cedarpy.Schema) -> Answer:
    """Evaluate. Raises when there is no answer: whatever cannot be decided is not allowed."""
    actor, action, resource = question.actor, question.action, question.resource
    try:
        known = around.with_added_json_str(entities.request_entities(actor, action, resource))
    except ValueError as error:
        raise TenutoError(FACTS_INVALID, f"{resource.kind}: {error}") from error
    request = {
        "principal": entities.principal_uid(actor),
        "action": {"type": "Action", "id": action.value},
        "resource": entities.resource_uid(resource),
        "context": entities.context(question.workspace),
    }
    result = cedarpy.is_authorized(request, linked.policies, known, schema)
    found = result.diagnostics
    if result.decision is cedarpy.Decision.NoDecision:
        raise TenutoError(FACTS_INVALID, f"{action.value} on {resource.kind}: {'; '.join(found.errors)}")
    if found.errors:  # Cedar passes over a policy that fails, and a forbid passed over would allow
        raise TenutoError(POLICY_UNDECIDED, "; ".join(found.errors))
    links_first = sorted(found.reasons, key=lambda each: (each not in linked.links, each))
    return Answer(result.allowed, tuple(links_first))


def _scope(binding: Binding) -> entities.Uid:
    if binding.resource_kind is not None and binding.resource is not None:
        return entities.resource_uid(Ref(binding.resource_kind, binding.resource))
    if binding.workspace is not None:
        return entities.workspace_uid(binding.workspace)
    return entities.THE_ORGANISATION
