"""Who may do what, asked through the authorizer with the built-in roles."""

from __future__ import annotations

from typing import Any

import pytest

from tenuto.core.errors import Fault, TenutoError
from tenuto.core.words import ANONYMOUS, Actor, ActorKind, Effect, Ref, Verdict, system_actor
from tenuto.govern.actions import DECLARED, Action, Nature
from tenuto.govern.errors import (
    ACTION_UNKNOWN,
    BINDING_INVALID,
    FACTS_INVALID,
    POLICY_UNDECIDED,
    ROLE_UNKNOWN,
)
from tenuto.govern.policy import Authorizer, Binding, Place, PolicyLibrary, PolicyText

PERSON = ActorKind.PERSON
LIBRARY = PolicyLibrary.built_in()
CHURN = Place("w-churn", "churn")
FRAUD = Place("w-fraud", "fraud")
LAB = Place("w-lab", "lab", "development", separation_of_duties=False)
PLACES = [CHURN, FRAUD, LAB]

ANA = Actor(PERSON, "ana", "Ana Lima")
BOB = Actor(PERSON, "bob", "Bob Ek")
ANAS_PROGRAM = Actor(ActorKind.SERVICE_ACCOUNT, "sa-1", "deployer", owner="ana")


def _binding(role: str, actor: Actor = ANA, **scope: Any) -> Binding:
    name = "-".join(["b", actor.id, role, *map(str, scope.values())])
    return Binding(id=name, subject_kind=actor.kind, subject=actor.id, role=role, **scope)


def _authorizer(*bindings: Binding, library: PolicyLibrary = LIBRARY, **options: Any) -> Authorizer:
    return Authorizer(library, bindings, PLACES, **options)


def _version(authors: list[str] | None, place: Place = CHURN) -> Ref:
    facts = {} if authors is None else {"authors": authors}
    return Ref("ModelVersion", "mv-1", "churn@3", place.id, facts)


def _natural(action: Action, kind: str | None = None) -> Ref:
    """A resource of the action's kind in the workspace ``churn``, made by somebody else."""
    chosen = kind or action.kinds[0]
    if chosen == "Organisation":
        return Ref(chosen, "o-1", "Example")
    if chosen == "Workspace":
        return Ref(chosen, CHURN.id, CHURN.name)
    facts = {"authors": ["zoe"]} if chosen in {"ModelVersion", "Approval"} else {}
    return Ref(chosen, "r-1", "thing", CHURN.id, facts)


def _refused(fault: Fault, ask: Any) -> TenutoError:
    with pytest.raises(TenutoError) as caught:
        ask()
    assert caught.value.fault is fault
    return caught.value


# What each role may do in the workspace it is given for.
READS = {action.value for action in Action if action.nature is Nature.READ}
IDENTITY_READS = {
    "govern:person:read",
    "govern:service_account:read",
    "govern:role_binding:read",
    "govern:api_key:read",
    "govern:secret:read",
}
MATRIX: dict[str, set[str]] = {
    "owner": {action.value for action in Action},
    "platform_engineer": READS
    | {
        "gateway:call:invoke",
        "gateway:provider:test",
        "serving:endpoint:invoke",
        "govern:service_account:create",
        "govern:service_account:change",
        "govern:service_account:deactivate",
        "govern:api_key:create",
        "govern:api_key:revoke",
        "govern:secret:write",
        "govern:secret:delete",
        "govern:policy:explain",
        "govern:audit:verify",
        "govern:audit:checkpoint",
        "spend:ledger:export",
        "gateway:traffic:read",
        "guard:finding:read",
        "data:source:ingest",
        "pipelines:run:submit",
        "pipelines:run:cancel",
        "serving:endpoint:deploy",
        "serving:endpoint:rollback",
        "serving:endpoint:retire",
    },
    "data_scientist": READS - {"govern:api_key:read", "govern:secret:read"}
    | {
        "gateway:call:invoke",
        "serving:endpoint:invoke",
        "data:source:ingest",
        "registry:artifact:register",
        "registry:dataset:register",
        "registry:dataset:download",
        "registry:model:register",
        "registry:model:download",
        "pipelines:code:submit",
        "pipelines:run:submit",
        "pipelines:run:cancel",
    },
    "approver": READS - {"govern:api_key:read", "govern:secret:read"}
    | {
        "gateway:call:invoke",
        "serving:endpoint:invoke",
        "registry:model:approve",
        "registry:model:download",
        "registry:approval:decide",
        "serving:endpoint:deploy",
        "serving:endpoint:rollback",
        "serving:endpoint:retire",
        "guard:finding:read",
        "gateway:traffic:read",
        "spend:ledger:export",
    },
    "application": {"gateway:call:invoke", "serving:endpoint:invoke", "serving:endpoint:read"},
    "auditor": READS
    | {
        "govern:policy:explain",
        "govern:audit:read",
        "govern:audit:export",
        "govern:audit:verify",
        "spend:ledger:export",
        "gateway:traffic:read",
        "guard:finding:read",
    },
    "security_officer": READS
    | {
        "govern:person:deactivate",
        "govern:service_account:deactivate",
        "govern:role_binding:revoke",
        "govern:api_key:revoke",
        "govern:secret:delete",
        "govern:policy:explain",
        "govern:audit:read",
        "govern:audit:export",
        "govern:audit:verify",
        "govern:audit:checkpoint",
        "gateway:traffic:read",
        "guard:finding:read",
        "pipelines:run:cancel",
        "serving:endpoint:rollback",
        "serving:endpoint:retire",
    },
    "automation": {"pipelines:run:submit", "pipelines:run:read", "serving:endpoint:read"},
    "viewer": READS - IDENTITY_READS - {"pipelines:code:read"},
}
DECLARING = {
    "owner": set(DECLARED),
    "platform_engineer": {
        "Provider",
        "Route",
        "Price",
        "Budget",
        "EgressRule",
        "Source",
        "Pipeline",
        "Schedule",
        "Endpoint",
    },
    "data_scientist": {"Source", "Pipeline", "Schedule"},
    "approver": {"Gate", "Endpoint"},
    "application": set(),
    "auditor": set(),
    "security_officer": {"GuardrailPolicy", "EgressRule", "Gate"},
    "automation": set(),
    "viewer": set(),
}
ON_DECLARED = {"govern:resource:apply", "govern:resource:delete", "govern:resource:read"}
OF_THE_ORGANISATION = {"govern:organisation:read", "govern:organisation:change", "govern:secret:rotate"}


@pytest.mark.capability("C3")
@pytest.mark.parametrize("role", sorted(LIBRARY.roles))
def test_each_role_may_what_the_matrix_says(role: str) -> None:
    program = Actor(ActorKind.SERVICE_ACCOUNT, "sa-9", "tester", owner="yan")  # has no rights of its own
    here = _authorizer(_binding(role, program, workspace=CHURN.id))
    elsewhere = _authorizer(_binding(role, program, workspace=FRAUD.id))
    asked = [action for action in Action if action.value not in ON_DECLARED]
    allowed = {
        str(action.value) for action in asked if here.decide(program, action, _natural(action)).allowed
    }
    assert allowed == MATRIX[role] - OF_THE_ORGANISATION - ON_DECLARED
    assert not [action for action in asked if elsewhere.allows(program, action, _natural(action))]


@pytest.mark.capability("C3")
@pytest.mark.parametrize("role", sorted(LIBRARY.roles))
def test_each_role_declares_what_the_matrix_says(role: str) -> None:
    authorizer = _authorizer(_binding(role, workspace=CHURN.id))

    def allowed(action: Action) -> set[str]:
        return {kind for kind in DECLARED if authorizer.decide(ANA, action, _natural(action, kind)).allowed}

    assert allowed(Action.RESOURCE_APPLY) == allowed(Action.RESOURCE_DELETE) == DECLARING[role]
    narrow = {"application": {"Route", "Endpoint"}, "automation": {"Pipeline", "Endpoint"}}
    narrow["viewer"] = set(DECLARED) - {"RoleBinding"}
    assert allowed(Action.RESOURCE_READ) == narrow.get(role, set(DECLARED))


@pytest.mark.capability("C4")
def test_nothing_is_open_to_the_anonymous_nor_to_somebody_new() -> None:
    authorizer = _authorizer(_binding("owner", BOB))
    for action, kind in [(each, kind) for each in Action for kind in each.kinds]:
        resource = _natural(action, kind)
        anonymous = authorizer.decide(ANONYMOUS, action, resource)
        assert (anonymous.effect, anonymous.rule) == (Effect.DENY, "default:anonymous")
        assert not authorizer.allows(ANONYMOUS, action, resource)
        assert authorizer.decide(ANA, action, resource).allowed is (action is Action.ORGANISATION_READ)
        assert authorizer.decide(BOB, action, resource).allowed


@pytest.mark.capability("C3")
def test_a_binding_reaches_as_far_as_its_scope() -> None:
    route = Ref("Route", "r-1", "chat", CHURN.id)
    other = Ref("Route", "r-2", "embed", CHURN.id)
    foreign = Ref("Route", "r-1", "chat", FRAUD.id)
    provider = Ref("Provider", "p-1", "openai")

    def allowed(**scope: Any) -> list[bool]:
        authorizer = _authorizer(_binding("platform_engineer", **scope))
        return [
            authorizer.decide(ANA, Action.RESOURCE_APPLY, each).allowed
            for each in (route, other, foreign, provider)
        ]

    assert allowed() == [True, True, True, True]
    assert allowed(workspace=CHURN.id) == [True, True, False, False]
    assert allowed(workspace=CHURN.id, resource_kind="Route", resource="r-1") == [True, False, False, False]
    assert allowed(resource_kind="Provider", resource="p-1") == [False, False, False, True]
    assert allowed(resource_kind="Route", resource="r-1") == [True, False, True, False]
    assert allowed(workspace="w-gone") == [False, False, False, False]


def test_a_workspace_lies_in_itself_and_one_that_is_new_in_the_organisation() -> None:
    owner = _authorizer(_binding("owner", workspace=CHURN.id))
    assert owner.decide(ANA, Action.RESOURCE_APPLY, Ref("Workspace", CHURN.id, "churn")).allowed
    assert not owner.decide(ANA, Action.RESOURCE_APPLY, Ref("Workspace", FRAUD.id, "fraud")).allowed
    assert not owner.decide(ANA, Action.RESOURCE_APPLY, Ref("Workspace", "new", "next")).allowed
    above = _authorizer(_binding("owner"))
    assert above.decide(ANA, Action.RESOURCE_APPLY, Ref("Workspace", "new", "next")).allowed


@pytest.mark.capability("C3")
def test_the_author_may_not_decide_whatever_role_they_have() -> None:
    authorizer = _authorizer(
        _binding("owner"),
        _binding("approver", workspace=CHURN.id),
        _binding("approver", BOB, workspace=CHURN.id),
    )
    verdict = authorizer.decide(ANA, Action.MODEL_APPROVE, _version(["ana"]))
    assert verdict.rule == "policy:separation-of-duties"
    assert verdict.reason == (
        "Ana Lima may not approve or refuse a model version: who had a part in making it may not decide on it."
    )
    assert authorizer.decide(BOB, Action.MODEL_APPROVE, _version(["ana"])).allowed
    assert not authorizer.decide(BOB, Action.MODEL_APPROVE, _version(["ana", "bob"])).allowed
    approval = Ref(
        "Approval", "a-1", "churn@3", CHURN.id, {"authors": ["ana"], "digest": "d", "subject": "ModelVersion"}
    )
    assert not authorizer.decide(ANA, Action.APPROVAL_DECIDE, approval).allowed
    assert authorizer.decide(BOB, Action.APPROVAL_DECIDE, approval).allowed


@pytest.mark.capability("C3")
def test_a_service_account_counts_as_the_person_who_answers_for_it() -> None:
    authorizer = _authorizer(_binding("approver", ANAS_PROGRAM, workspace=CHURN.id))
    assert not authorizer.decide(ANAS_PROGRAM, Action.MODEL_APPROVE, _version(["ana"])).allowed
    assert authorizer.decide(ANAS_PROGRAM, Action.MODEL_APPROVE, _version(["bob"])).allowed
    through_a_program = _authorizer(_binding("approver"))
    assert not through_a_program.decide(
        ANA, Action.MODEL_APPROVE, _version([ANAS_PROGRAM.answerable])
    ).allowed


def test_duties_are_joined_only_where_the_workspace_says_so_and_is_not_production() -> None:
    authorizer = Authorizer(
        LIBRARY,
        [_binding("owner")],
        [*PLACES, Place("w-bad", "bad", "production", separation_of_duties=False)],
    )
    bad = Place("w-bad", "bad")
    unknown = Place("w-unknown", "unknown")
    asked = {place.name: _version(["ana"], place) for place in (CHURN, LAB, bad, unknown)}
    allowed = {name: authorizer.decide(ANA, Action.MODEL_APPROVE, ref).allowed for name, ref in asked.items()}
    assert allowed == {"churn": False, "lab": True, "bad": False, "unknown": False}


def test_unknown_authors_are_not_taken_for_none() -> None:
    authorizer = _authorizer(_binding("owner"))
    verdict = authorizer.decide(ANA, Action.MODEL_APPROVE, _version(None, LAB))
    assert verdict.rule == "policy:authors-known"
    assert authorizer.decide(ANA, Action.MODEL_APPROVE, _version([])).allowed


def test_machines_do_not_decide() -> None:
    run = Actor(ActorKind.RUN, "run-1", "train", owner="bob")
    authorizer = _authorizer(_binding("owner", run))
    for actor in (run, system_actor("scheduler")):
        verdict = authorizer.decide(actor, Action.MODEL_APPROVE, _version(["ana"]), workspace=CHURN.id)
        assert verdict.rule == "policy:decided-by-a-person"


def test_a_run_works_in_its_own_workspace_only() -> None:
    run = Actor(ActorKind.RUN, "run-1", "train", owner="bob")
    authorizer = _authorizer()
    dataset = Ref("Dataset", "d-1", "rows@1", CHURN.id, {"digest": "sha256:aa"})
    assert (
        authorizer.decide(run, Action.DATASET_READ, dataset, workspace=CHURN.id).rule
        == "policy:run-in-its-workspace"
    )
    assert not authorizer.decide(run, Action.DATASET_READ, dataset, workspace=FRAUD.id).allowed
    assert not authorizer.decide(run, Action.DATASET_READ, dataset).allowed
    assert not authorizer.decide(
        run, Action.SECRET_READ, Ref("Secret", "s", "", CHURN.id), workspace=CHURN.id
    ).allowed
    assert not authorizer.decide(
        run, Action.ENDPOINT_DEPLOY, Ref("Endpoint", "e", "", CHURN.id), workspace=CHURN.id
    ).allowed


def test_upkeep_may_little() -> None:
    scheduler = system_actor("scheduler")
    allowed = {
        action for action in Action if _authorizer().decide(scheduler, action, _natural(action)).allowed
    }
    assert {action for action in allowed if action.nature is not Nature.READ} == {
        Action.AUDIT_VERIFY,
        Action.AUDIT_CHECKPOINT,
        Action.RUN_SUBMIT,
        Action.RUN_CANCEL,
        Action.ENDPOINT_ROLLBACK,
    }


def test_everybody_sees_and_changes_their_own_entry_only() -> None:
    authorizer = _authorizer()
    for action in (Action.PERSON_READ, Action.PERSON_CHANGE):
        assert authorizer.decide(ANA, action, Ref("Person", "ana", "Ana Lima")).allowed
        assert not authorizer.decide(ANA, action, Ref("Person", "bob", "Bob Ek")).allowed
    assert not authorizer.decide(ANA, Action.PERSON_DEACTIVATE, Ref("Person", "ana", "Ana Lima")).allowed


def test_everybody_revokes_the_keys_they_answer_for() -> None:
    authorizer = _authorizer(_binding("data_scientist", BOB, workspace=CHURN.id))
    own = Ref("ApiKey", "k-1", "mine", CHURN.id, {"owner": "ana"})
    others = Ref("ApiKey", "k-2", "theirs", CHURN.id, {"owner": "bob"})
    assert authorizer.decide(ANA, Action.KEY_REVOKE, own).allowed
    assert not authorizer.decide(ANA, Action.KEY_REVOKE, others).allowed
    assert not authorizer.decide(ANA, Action.KEY_CREATE, own).allowed  # that takes a role
    assert authorizer.decide(BOB, Action.KEY_CREATE, others).allowed
    assert not authorizer.decide(BOB, Action.KEY_CREATE, own).allowed


def test_the_reason_is_in_plain_words() -> None:
    authorizer = _authorizer(_binding("data_scientist", workspace=CHURN.id), _binding("viewer", BOB))
    allowed = authorizer.decide(ANA, Action.MODEL_REGISTER, _version(["ana"]))
    assert allowed == Verdict(
        Effect.ALLOW,
        "Ana Lima may register a model version, being data scientist in the workspace churn.",
        "role:data_scientist/b-ana-data_scientist-w-churn",
        authorizer.version,
    )
    denied = authorizer.decide(BOB, "registry:model:register", _version(["ana"]))
    assert denied == Verdict(
        Effect.DENY,
        "Bob Ek may not register a model version here: no role allows it so far (registry:model:register). "
        "Roles that would allow it: data_scientist, owner.",
        "default:deny",
        authorizer.version,
    )


def test_an_explanation_shows_every_binding_and_what_came_of_it() -> None:
    authorizer = _authorizer(
        _binding("approver", workspace=CHURN.id),
        _binding("approver", workspace=FRAUD.id),
        _binding("viewer"),
        _binding("owner", BOB),
    )
    explained = authorizer.explain(ANA, Action.MODEL_APPROVE, _version(["ana"]))
    assert explained.verdict == authorizer.decide(ANA, Action.MODEL_APPROVE, _version(["ana"]))
    assert [(each.binding.role, each.grants, each.why) for each in explained.considered] == [
        ("approver", True, "The role approver in the workspace churn allows it."),
        (
            "approver",
            False,
            "The role approver is given in the workspace fraud, which this does not belong to.",
        ),
        ("viewer", False, "The role viewer in the organisation does not allow this."),
    ]
    assert explained.would_allow == ("approver", "owner")
    nobody = authorizer.explain(ANONYMOUS, Action.MODEL_APPROVE, _version(["ana"]))
    assert (nobody.considered, nobody.would_allow) == ((), ())
    one = _authorizer(_binding("viewer", resource_kind="Provider", resource="p-1"))
    (considered,) = one.explain(ANA, Action.RESOURCE_READ, Ref("Provider", "p-1", "openai")).considered
    assert considered.why == "The role viewer on Provider p-1 allows it."


def test_facts_that_do_not_fit_are_a_defect_and_never_an_allowance() -> None:
    authorizer = _authorizer(_binding("owner"))

    def ask(kind: str, action: Action, **facts: Any) -> Any:
        return lambda: authorizer.decide(ANA, action, Ref(kind, "x", "x", CHURN.id, facts))

    _refused(FACTS_INVALID, ask("ModelVersion", Action.MODEL_APPROVE, author="ana"))
    _refused(FACTS_INVALID, ask("ModelVersion", Action.MODEL_APPROVE, authors="ana"))
    _refused(FACTS_INVALID, ask("ModelVersion", Action.MODEL_APPROVE, authors=[1]))
    _refused(FACTS_INVALID, ask("ModelVersion", Action.MODEL_READ, stage=3))
    _refused(FACTS_INVALID, ask("Route", Action.MODEL_READ))
    _refused(FACTS_INVALID, ask("Nonsense", Action.RESOURCE_READ))
    _refused(ACTION_UNKNOWN, lambda: authorizer.decide(ANA, "registry:model:aprove", _version([])))
    _refused(ACTION_UNKNOWN, lambda: authorizer.explain(ANONYMOUS, "registry:model:aprove", _version([])))


def test_a_policy_that_fails_denies_by_raising() -> None:
    """Cedar passes over a failing policy. A forbid that is passed over would let everything through."""
    text = """
        @id("mine")
        forbid (principal, action == Action::"govern:audit:read", resource)
        when { 9223372036854775807 + 1 > 0 };
    """
    authorizer = _authorizer(_binding("owner"), library=PolicyLibrary.built_in([PolicyText("mine", text)]))
    error = _refused(
        POLICY_UNDECIDED, lambda: authorizer.decide(ANA, Action.AUDIT_READ, Ref("AuditLog", "log"))
    )
    assert "overflow" in error.detail
    assert authorizer.decide(ANA, Action.LEDGER_READ, Ref("Ledger", "ledger")).allowed


def test_a_custom_policy_is_obeyed_and_named() -> None:
    text = """
        @id("freeze") @reason("deployments rest until January")
        forbid (principal, action == Action::"serving:endpoint:deploy", resource in Workspace::"w-churn");
        @id("quiet")
        forbid (principal, action == Action::"spend:ledger:export", resource);
    """
    authorizer = _authorizer(
        _binding("owner"), library=PolicyLibrary.built_in([PolicyText("mine.cedar", text)])
    )
    verdict = authorizer.decide(ANA, Action.ENDPOINT_DEPLOY, Ref("Endpoint", "e-1", "churn", CHURN.id))
    assert (verdict.rule, verdict.reason) == (
        "policy:freeze",
        "Ana Lima may not put a model version into traffic: deployments rest until January.",
    )
    assert authorizer.decide(ANA, Action.ENDPOINT_DEPLOY, Ref("Endpoint", "e-1", "", FRAUD.id)).allowed
    quiet = authorizer.decide(ANA, Action.LEDGER_EXPORT, Ref("Ledger", "ledger"))
    assert quiet.reason == "Ana Lima may not export the ledger: so says the policy quiet."


def test_the_version_is_that_of_all_a_decision_depends_on() -> None:
    one, two = _binding("owner"), _binding("viewer", BOB)
    version = _authorizer(one, two).version
    assert version == _authorizer(two, one).version
    assert version.startswith("sha256:")
    forbid = '@id("x") forbid (principal, action, resource);'
    others = [
        _authorizer(one),
        _authorizer(one, _binding("viewer", BOB, workspace=CHURN.id)),
        Authorizer(LIBRARY, [one, two], PLACES[:2]),
        _authorizer(one, two, library=PolicyLibrary.built_in([PolicyText("x", forbid)])),
    ]
    assert len({version, *(each.version for each in others)}) == 5


@pytest.mark.parametrize(
    ("fault", "binding"),
    [
        (ROLE_UNKNOWN, _binding("king")),
        (BINDING_INVALID, Binding(id="b", subject_kind=ActorKind.ANONYMOUS, subject="x", role="viewer")),
        (BINDING_INVALID, _binding("viewer", resource="r-1")),
        (BINDING_INVALID, _binding("viewer", resource_kind="Route")),
        (BINDING_INVALID, _binding("viewer", resource_kind="Nonsense", resource="r-1")),
    ],
)
def test_a_binding_that_makes_no_sense_is_refused(fault: Fault, binding: Binding) -> None:
    _refused(fault, lambda: _authorizer(binding))


def test_what_is_remembered_is_bounded_and_changes_nothing() -> None:
    authorizer = _authorizer(_binding("owner"), kept=3)
    for number in range(10):
        assert authorizer.decide(ANA, Action.RESOURCE_READ, Ref("Route", "r", "", f"w-{number}")).allowed
        assert len(authorizer._slices) <= 3
        assert len(authorizer._around) <= 3


def test_names_and_ids_of_any_text_are_safe() -> None:
    odd = 'x"; permit(principal, action, resource); //\n\\u{1F3BC}'
    actor = Actor(PERSON, odd, odd)
    authorizer = _authorizer(_binding("viewer", actor, workspace=CHURN.id))
    assert authorizer.decide(actor, Action.MODEL_READ, Ref("ModelVersion", odd, odd, CHURN.id)).allowed
    assert not authorizer.decide(
        actor, Action.MODEL_REGISTER, Ref("ModelVersion", odd, odd, CHURN.id)
    ).allowed
