"""The sentences in which a decision explains itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tenuto.core.words import Actor, Effect
from tenuto.govern.actions import Action
from tenuto.govern.policy.library import StaticFacts
from tenuto.govern.policy.words import Binding, Place


def anonymous(action: Action) -> str:
    return f"Nothing is open to the anonymous: sign in to {action.phrase}."


def no_role(actor: Actor, action: Action, roles: Sequence[str]) -> str:
    remedy = f"Roles that would allow it: {', '.join(roles)}." if roles else "No role allows it."
    return f"{actor.name} may not {action.phrase} here: no role allows it so far ({action.value}). {remedy}"


def role_allows(
    actor: Actor, action: Action, binding: Binding, title: str, places: Mapping[str, Place]
) -> str:
    return f"{actor.name} may {action.phrase}, being {title} {scope(binding, places)}."


def policy_decides(actor: Actor, action: Action, policy: StaticFacts, effect: Effect) -> str:
    may = "may" if effect is Effect.ALLOW else "may not"
    reason = policy.reason or f"so says the policy {policy.id}"
    return f"{actor.name} {may} {action.phrase}: {reason}."


def why(binding: Binding, grants: bool, reaches: bool, places: Mapping[str, Place]) -> str:
    if grants:
        return f"The role {binding.role} {scope(binding, places)} allows it."
    if not reaches:
        return f"The role {binding.role} is given {scope(binding, places)}, which this does not belong to."
    return f"The role {binding.role} {scope(binding, places)} does not allow this."


def why_own(binding: Binding, places: Mapping[str, Place]) -> str:
    return f"The role {binding.role} {scope(binding, places)} allows it for what is one's own only."


def scope(binding: Binding, places: Mapping[str, Place]) -> str:
    """Return where a binding holds, in words."""
    if binding.resource is not None:
        return f"on {binding.resource_kind} {binding.resource}"
    if binding.workspace is None:
        return "in the organisation"
    place = places.get(binding.workspace)
    return f"in the workspace {place.name if place else binding.workspace}"
