"""Leaving out the bindings of others and of other places changes no answer."""

from __future__ import annotations

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenuto.core.words import Actor, ActorKind, Ref
from tenuto.govern.actions import Action
from tenuto.govern.policy import Authorizer, Binding, Place, PolicyLibrary, entities
from tenuto.govern.policy.evaluation import Question

LIBRARY = PolicyLibrary.built_in()
PLACES = [Place("w1", "one"), Place("w2", "two", "development", separation_of_duties=False)]
ACTORS = [
    Actor(ActorKind.PERSON, "p1", "P1"),
    Actor(ActorKind.PERSON, "p2", "P2"),
    Actor(ActorKind.SERVICE_ACCOUNT, "p1", "program", owner="p2"),  # an id may be that of a person too
    Actor(ActorKind.RUN, "r1", "run", owner="p1"),
]
SCOPES = st.sampled_from(
    [
        {},
        {"workspace": "w1"},
        {"workspace": "w2"},
        {"workspace": "w1", "resource_kind": "Route", "resource": "x"},
        {"resource_kind": "Provider", "resource": "x"},
    ]
)
GRANTS = st.lists(
    st.tuples(st.sampled_from(ACTORS), st.sampled_from(sorted(LIBRARY.roles)), SCOPES), max_size=8
)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    action = draw(st.sampled_from(sorted(Action, key=lambda each: str(each.value))))
    kind = draw(st.sampled_from(action.kinds))
    place = draw(st.sampled_from([None, "w1", "w2"]))
    resource = Ref(kind, draw(st.sampled_from(["x", "y", "w1"])), "name", place)
    if kind in {"ModelVersion", "Approval"}:
        facts = {"authors": draw(st.lists(st.sampled_from(["p1", "p2", "p3"]), max_size=2))}
        resource = Ref(kind, "x", "name", place, facts)
    return Question(
        draw(st.sampled_from(ACTORS)), action, resource, draw(st.sampled_from([None, "w1", "w2"]))
    )


@pytest.mark.capability("C3")
@given(GRANTS, questions())
@settings(max_examples=400, deadline=None)
def test_a_decision_over_a_slice_is_the_decision_over_everything(
    grants: list[tuple[Actor, str, dict[str, str]]], question: Question
) -> None:
    bindings = [
        Binding(id=f"b{number}", subject_kind=actor.kind, subject=actor.id, role=role, **scope)
        for number, (actor, role, scope) in enumerate(grants)
    ]
    authorizer = Authorizer(LIBRARY, bindings, PLACES)
    verdict = authorizer.decide(
        question.actor, question.action, question.resource, workspace=question.workspace
    )
    everything = LIBRARY.some(
        [*LIBRARY.statics, *(name for role in LIBRARY.roles.values() for name in role.templates)]
    )
    place = entities.place_of(question.resource)
    for (actor, role, _), binding in zip(grants, bindings, strict=True):
        if binding.resource is not None and binding.workspace not in {None, place}:
            continue  # Cedar's scope of one resource cannot also name the workspace; ours does
        everything = _linked(everything, actor, role, binding)
    assert verdict.allowed is _decided(question, everything)
    assert verdict.allowed is authorizer.allows(
        question.actor, question.action, question.resource, workspace=question.workspace
    )
    explained = authorizer.explain(
        question.actor, question.action, question.resource, workspace=question.workspace
    )
    assert explained.verdict == verdict
    assert not verdict.rule.startswith("role:") or any(each.grants for each in explained.considered)
    assert all(each.binding.reaches(question.resource, place) for each in explained.considered if each.grants)


def _linked(policies: cedarpy.PolicySet, actor: Actor, role: str, binding: Binding) -> cedarpy.PolicySet:
    """Link a binding as Cedar's manual says, not as the product does it."""
    scope = {"type": "Organisation", "id": "organisation"}
    if binding.resource_kind is not None and binding.resource is not None:
        scope = {"type": binding.resource_kind, "id": binding.resource}
    elif binding.workspace is not None:
        scope = {"type": "Workspace", "id": binding.workspace}
    values = {"?principal": entities.principal_uid(actor), "?resource": scope}
    return policies.with_linked_batch(
        [
            {"template_id": name, "new_id": f"{binding.id}/{name}", "values": values}
            for name in LIBRARY.roles[role].templates
        ]
    )


def _decided(question: Question, everything: cedarpy.PolicySet) -> bool:
    place = next((each for each in PLACES if each.id == entities.place_of(question.resource)), None)
    unknown = entities.place_of(question.resource)
    strict = Place(unknown, unknown) if unknown is not None and place is None else place
    around = cedarpy.Entities.from_json_str(entities.place_entities(strict))
    known = around.with_added_json_str(
        entities.request_entities(question.actor, question.action, question.resource)
    )
    request = {
        "principal": entities.principal_uid(question.actor),
        "action": {"type": "Action", "id": question.action.value},
        "resource": entities.resource_uid(question.resource),
        "context": entities.context(question.workspace),
    }
    return cedarpy.is_authorized(request, everything, known, LIBRARY.schema).allowed
