"""How long one decision takes: 1,000 bindings over 200 workspaces, and the same 1,000 in one workspace."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable

import cedarpy

from tenuto.core.words import Actor, ActorKind, Ref
from tenuto.govern.actions import Action
from tenuto.govern.policy import Authorizer, Binding, Place, PolicyLibrary
from tenuto.govern.policy.entities import place_entities
from tenuto.govern.policy.evaluation import Linked, Question, ask

BINDINGS = 1_000
PEOPLE = 400
QUESTIONS = 10_000
WANTED = "under 200 us"
ACTIONS = (
    Action.RESOURCE_READ,
    Action.RESOURCE_APPLY,
    Action.CALL_INVOKE,
    Action.MODEL_REGISTER,
    Action.MODEL_APPROVE,
    Action.RUN_SUBMIT,
    Action.AUDIT_READ,
)
Ask = Callable[[Question], bool]


def main() -> None:
    library, rows = _first_start()
    for workspaces in (200, 1):
        chance = random.Random(7)
        places = [Place(f"w{number}", f"workspace {number}") for number in range(workspaces)]
        bindings = [_binding(chance, number, library, places) for number in range(BINDINGS)]
        over = f"over {workspaces} workspaces" if workspaces > 1 else "in one workspace"
        started = time.thread_time()
        authorizer = Authorizer(library, bindings, places)
        took = time.thread_time() - started
        rows.append([f"take {BINDINGS:,} bindings {over} into force", "", f"{took * 1e3:.1f} ms", "", ""])
        questions = [_question(chance, chance.choice(bindings)) for _ in range(QUESTIONS)]
        decide, allows = _decide(authorizer), _allows(authorizer)
        granted = [each for each in questions if allows(each)]
        refused = [each for each in questions if not allows(each)]
        rows += [
            _measured(f"allowed, with the reason, {over}", decide, granted, WANTED),
            _measured(f"refused, with the roles that would allow it, {over}", decide, refused, WANTED),
            _measured(f"yes or no only, {over}", allows, questions, WANTED),
        ]
    rows.append(
        _measured(
            "beside it: yes or no from one set of all policies", _unsliced(library, bindings), questions[:500]
        )
    )
    drawn = f"{QUESTIONS:,} questions of people with some role there"
    print(
        json.dumps(
            {
                "title": "Authorization: one decision",
                "conditions": f"{BINDINGS:,} bindings of {PEOPLE} people, {drawn}, CPU time of one thread, "
                f"load {os.getloadavg()[0]:.1f} when it ended",
                "columns": ["decision", "questions", "p50", "p1 to p99", "wanted p50"],
                "rows": rows,
            }
        )
    )


def _first_start() -> tuple[PolicyLibrary, list[list[str]]]:
    started = time.thread_time()
    library = PolicyLibrary.built_in()
    took = time.thread_time() - started
    return library, [["read and validate the built-in policies, once", "", f"{took * 1e3:.0f} ms", "", ""]]


def _binding(chance: random.Random, number: int, library: PolicyLibrary, places: list[Place]) -> Binding:
    return Binding(
        id=f"b{number}",
        subject_kind=ActorKind.PERSON,
        subject=f"p{chance.randrange(PEOPLE)}",
        role=chance.choice(sorted(library.roles)),
        workspace=chance.choice(places).id,
    )


def _question(chance: random.Random, binding: Binding) -> Question:
    action = chance.choice(ACTIONS)
    kind = chance.choice(action.kinds)
    facts = {"authors": [f"p{chance.randrange(PEOPLE)}"]} if kind == "ModelVersion" else {}
    actor = Actor(ActorKind.PERSON, binding.subject, binding.subject)
    return Question(actor, action, Ref(kind, "x", "name", binding.workspace, facts), binding.workspace)


def _decide(authorizer: Authorizer) -> Ask:
    return lambda asked: (
        authorizer.decide(asked.actor, asked.action, asked.resource, workspace=asked.workspace).allowed
    )


def _allows(authorizer: Authorizer) -> Ask:
    return lambda asked: authorizer.allows(
        asked.actor, asked.action, asked.resource, workspace=asked.workspace
    )


def _unsliced(library: PolicyLibrary, bindings: list[Binding]) -> Ask:
    """Ask as one would without slices: every policy and every binding in one set."""
    policies = library.some(
        [*library.statics, *(name for role in library.roles.values() for name in role.templates)]
    )
    links = [
        {
            "template_id": name,
            "new_id": f"{binding.id}/{name}",
            "values": {
                "?principal": {"type": "Person", "id": binding.subject},
                "?resource": {"type": "Workspace", "id": binding.workspace},
            },
        }
        for binding in bindings
        for name in library.roles[binding.role].templates
    ]
    linked = Linked(policies.with_linked_batch(links), {})
    around = cedarpy.Entities.from_json_str(place_entities(Place("w0", "workspace 0")))
    return lambda question: ask(question, linked, around, library.schema).allowed


def _measured(what: str, decide: Ask, questions: list[Question], wanted: str = "") -> list[str]:
    taken = []
    for question in questions:
        started = time.thread_time_ns()
        decide(question)
        taken.append((time.thread_time_ns() - started) / 1e3)
    taken.sort()
    return [
        what,
        f"{len(taken):,}",
        f"{taken[len(taken) // 2]:.0f} us",
        f"{taken[len(taken) // 100]:.0f} to {taken[int(len(taken) * 0.99)]:.0f} us",
        wanted,
    ]


if __name__ == "__main__":
    main()
