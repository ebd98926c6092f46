"""What a workspace declares about personal data is what its calls get."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from support.platform import BEN
from support.use_case_calls import own_everything
from support.world import World
from tenuto.app.data_plane.guard import PersonalDataGuard, declared_protections
from tenuto.core.errors import TenutoError
from tenuto.gateway.declared.compiling import Compiler
from tenuto.gateway.words.routing import MASKED, Protection, Snapshot
from tenuto.govern.access.use_cases import grant
from tenuto.govern.resources.use_cases import apply, delete, history, plan, rollback
from tenuto.govern.resources.words import Document, Verb
from tenuto.guard.declared.kinds import GuardrailPolicySpec, PersonalData
from tenuto.guard.declared.rules import combined
from tenuto.guard.personal.words import Entity, Treatment
from tenuto.store.database import Role

TEXT = "write to ann@example.org or call 06 12 34 56 78; IBAN FR76 3000 6000 0112 3456 7890 189"
ALLOW, MASK, BLOCK = Treatment.ALLOW, Treatment.MASK, Treatment.BLOCK


def policy(
    otherwise: Treatment = MASK, routes: tuple[str, ...] = (), **kinds: Treatment
) -> GuardrailPolicySpec:
    return GuardrailPolicySpec({PersonalData(kind): one for kind, one in kinds.items()}, otherwise, routes)


def told(spec: GuardrailPolicySpec | None, text: str = TEXT) -> str:
    """Return the text as the guard lets it through under a policy."""
    if spec is None:
        return PersonalDataGuard().protect([text], MASKED).texts[0]
    holding = combined({"p": spec}, "chat")
    assert holding is not None
    return PersonalDataGuard().protect([text], Protection(holding.policies, holding.treatments)).texts[0]


@pytest.fixture
def lab(world: World) -> World:
    """The workspace `lab` with two routes."""
    world.declare("Provider", "sim", {"dialect": "openai", "base_url": "http://127.0.0.1:9"})
    for name in ("chat", "open"):
        spec = {"upstreams": [{"provider": "sim", "model": "m"}], "protect_personal_data": name == "chat"}
        world.declare("Route", name, spec, "lab")
    return world


def snapshot(world: World) -> Snapshot:
    compiler = Compiler(
        world.decider.decide_for,
        lambda _dialect, _profile: "",
        lambda _tx: {},
        declared_protections,
        timedelta(minutes=1),
    )
    with world.desk.database.begin(world.home, Role.SYSTEM) as tx:
        return compiler.compile(tx)


def protection(world: World, route: str) -> Protection | None:
    workspace = world.inside("lab").workspace
    assert workspace
    return snapshot(world).routes[workspace][route].protection


@pytest.mark.capability("G12")
def test_every_kind_that_can_be_found_can_be_declared() -> None:
    assert {kind.name for kind in PersonalData} == {entity.value for entity in Entity}


@pytest.mark.capability("G12")
def test_each_kind_is_masked_blocked_or_allowed() -> None:
    masked = told(None)
    assert {"<EMAIL_1>", "<PHONE_1>", "<IBAN_1>"} <= set(masked.replace(";", "").split())
    allowed = told(policy(email=ALLOW))
    assert "ann@example.org" in allowed
    assert "06 12" not in allowed
    assert told(policy(ALLOW)) == TEXT
    with pytest.raises(TenutoError) as caught:
        told(policy(iban=BLOCK, phone=BLOCK))
    assert caught.value.fault.code == "guard.personal_data_blocked"
    assert caught.value.detail == "iban, phone (GuardrailPolicy p)"
    assert "3000" not in str(caught.value.as_json())
    assert told(policy(iban=BLOCK), "nothing of the kind, ann@example.org") == (
        "nothing of the kind, <EMAIL_1>"
    )


def test_what_is_allowed_is_not_taken_for_something_else() -> None:
    """The digits of an account number that may be sent are not masked as a telephone number."""
    only = "IBAN FR76 3000 6000 0112 3456 7890 189"
    assert told(policy(iban=ALLOW), only) == only


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_the_strictest_word_holds_and_a_named_route_goes_first(order: tuple[str, str]) -> None:
    specs = {"a": policy(email=BLOCK, phone=ALLOW), "b": policy(email=ALLOW, phone=MASK, iban=ALLOW)}
    holding = combined({name: specs[name] for name in order}, "chat")
    assert holding is not None
    assert holding.policies == ("a", "b")
    wanted = {"EMAIL": "block", "PHONE": "mask", "IBAN": "mask", "NIR": "mask"}
    assert wanted.items() <= holding.treatments.items()
    named = combined({**specs, "c": policy(ALLOW, ("chat",))}, "chat")
    assert named is not None
    assert (named.policies, set(named.treatments.values())) == (("c",), {"allow"})
    others = combined({**specs, "c": policy(ALLOW, ("chat",))}, "embed")
    assert others is not None
    assert others.policies == ("a", "b")
    assert combined({"c": policy(ALLOW, ("chat",))}, "embed") is None


@pytest.mark.capability("G12")
def test_a_declared_policy_reaches_the_gateways_snapshot(lab: World) -> None:
    assert protection(lab, "chat") == MASKED
    assert protection(lab, "open") is None
    before = snapshot(lab).version
    lab.declare("GuardrailPolicy", "strict", {"personal_data": {"iban": "block"}}, "lab")
    for route in ("chat", "open"):
        holding = protection(lab, route)
        assert holding is not None, "a policy goes before what a route says of itself"
        assert (holding.policies, holding.treatments["IBAN"], holding.treatments["EMAIL"]) == (
            ("strict",),
            "block",
            "mask",
        )
    assert snapshot(lab).version != before
    lab.declare_workspace("other")
    lab.declare("Route", "chat", {"upstreams": [{"provider": "sim", "model": "m"}]}, "other")
    there = lab.inside("other").workspace
    assert there
    assert snapshot(lab).routes[there]["chat"].protection == MASKED, "another workspace has its own"


@pytest.mark.capability("G12")
def test_a_policy_is_planned_changed_rolled_back_and_deleted(lab: World) -> None:
    scope, named = lab.inside("lab"), {"kinds": lab.kinds, "kind": "GuardrailPolicy", "name": "strict"}
    document = Document("GuardrailPolicy", "strict", {"otherwise": "block"}, "lab")
    [planned] = plan(lab.desk, lab.home, kinds=lab.kinds, documents=[document])
    assert planned.verb is Verb.CREATE
    lab.declare("GuardrailPolicy", "strict", {"otherwise": "block"}, "lab")
    lab.declare("GuardrailPolicy", "strict", {"otherwise": "allow"}, "lab")
    rollback(lab.desk, scope, **named)
    holding = protection(lab, "chat")
    assert holding is not None
    assert set(holding.treatments.values()) == {"block"}
    assert [one.version for one in history(lab.desk, scope, **named)] == [3, 2, 1]
    delete(lab.desk, scope, **named)
    assert protection(lab, "chat") == MASKED


@pytest.mark.parametrize(
    "wrong",
    [
        {"routes": ["nowhere"]},
        {"personal_data": {"email": "hide"}},
        {"personal_data": {"shoe_size": "mask"}},
        {"otherwise": "sometimes"},
        {"personal": {}},
    ],
)
def test_a_policy_that_would_not_do_what_it_says_is_refused(lab: World, wrong: dict[str, object]) -> None:
    with pytest.raises(TenutoError) as caught:
        lab.declare("GuardrailPolicy", "wrong", wrong, "lab")
    assert caught.value.fault.kind.value == "invalid"


@pytest.mark.capability("G12")
def test_its_schema_names_the_kinds_and_what_may_happen_to_them(lab: World) -> None:
    text = str(lab.kinds.schema("GuardrailPolicy"))
    for word in ("email", "siren", "mask", "block", "allow", "routes", "otherwise"):
        assert f"'{word}'" in text


@pytest.mark.capability("C3")
def test_who_runs_the_platform_cannot_lower_a_guard(lab: World) -> None:
    """It takes a security officer, or an owner."""
    own_everything(lab)
    strict = msgspec.structs.replace(lab.desk, decider=lab.decider)

    def declare() -> None:
        document = Document("GuardrailPolicy", "p", {"otherwise": "allow"}, "lab")
        apply(strict, lab.inside("lab", BEN), kinds=lab.kinds, documents=[document])

    asked = {"subject_kind": "person", "subject": "ben@example.org"}
    grant(strict, lab.inside("lab"), decider=lab.decider, role="platform_engineer", **asked)
    with pytest.raises(TenutoError) as caught:
        declare()
    assert caught.value.fault.code == "govern.not_allowed"
    grant(strict, lab.inside("lab"), decider=lab.decider, role="security_officer", **asked)
    declare()
