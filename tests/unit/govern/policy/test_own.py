"""What is allowed for one's own things only is not told as a plain no."""

from __future__ import annotations

import pytest

from tenuto.core.words import Actor, ActorKind, Effect, Ref
from tenuto.govern.policy import Authorizer, Binding, Explanation, Place, PolicyLibrary

LAB = Place("w-lab", "lab")
BEN = Actor(ActorKind.PERSON, "ben", "Ben")
PROGRAM = Actor(ActorKind.SERVICE_ACCOUNT, "sa-1", "nightly", owner="ben")
CREATE = "govern:api_key:create"
ANY_KEY = Ref("ApiKey", "*", "", LAB.id)


def _explained(role: str, action: str, resource: Ref, actor: Actor = BEN) -> Explanation:
    binding = Binding(
        id="b-1", subject_kind=actor.kind, subject=actor.id, role=role, workspace=resource.workspace
    )
    return Authorizer(PolicyLibrary.built_in(), [binding], [LAB]).explain(actor, action, resource)


@pytest.mark.capability("C3")
@pytest.mark.parametrize("role", ["approver", "data_scientist"])
def test_keys_of_ones_own_are_told_apart_from_those_of_others(role: str) -> None:
    told = _explained(role, CREATE, ANY_KEY)
    assert told.verdict.effect is Effect.DENY
    assert told.for_oneself is not None
    assert (told.for_oneself.effect, told.for_oneself.rule) == (Effect.ALLOW, f"role:{role}/b-1")
    (considered,) = told.considered
    assert not considered.grants
    assert considered.why == f"The role {role} in the workspace lab allows it for what is one's own only."


@pytest.mark.parametrize("action", ["govern:api_key:revoke", "govern:person:change"])
def test_what_everybody_may_do_with_their_own_is_told(action: str) -> None:
    kind = "Person" if "person" in action else "ApiKey"
    told = _explained("viewer", action, Ref(kind, "*"))
    assert told.verdict.effect is Effect.DENY
    assert told.for_oneself is not None
    assert told.for_oneself.allowed


def test_where_it_makes_no_difference_one_answer_is_given() -> None:
    assert _explained("viewer", CREATE, ANY_KEY).for_oneself is None
    assert _explained("owner", CREATE, ANY_KEY).for_oneself is None
    assert _explained("approver", "registry:model:approve", Ref("ModelVersion", "*")).for_oneself is None
    assert _explained("viewer", "govern:api_key:revoke", ANY_KEY, PROGRAM).for_oneself is None


def test_whose_a_named_thing_is_is_not_made_up() -> None:
    others = Ref("ApiKey", "k-1", "shop", LAB.id, {"owner": "zoe"})
    told = _explained("approver", CREATE, others)
    assert (told.verdict.effect, told.for_oneself) == (Effect.DENY, None)
    assert _explained("viewer", "govern:person:change", Ref("Person", "zoe")).for_oneself is None
