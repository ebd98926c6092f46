from __future__ import annotations

import pytest

from tenuto.core.errors import TenutoError
from tenuto.govern.errors import POLICY_INVALID
from tenuto.govern.policy import PolicyLibrary, PolicyText
from tenuto.govern.policy.library import shipped_texts

pytestmark = pytest.mark.capability("C6")

ROLE = (
    '@id("x") @role("x") permit (principal == ?principal, action in Action::"read", resource in ?resource);'
)


def test_the_built_in_policies_fit_the_schema() -> None:
    library = PolicyLibrary(shipped_texts())
    assert library.version == PolicyLibrary.built_in().version, "what is trusted at a start is what fits here"
    assert {role.title for role in library.roles.values()} == {
        "owner",
        "platform engineer",
        "data scientist",
        "approver",
        "application",
        "auditor",
        "security officer",
        "automation",
        "viewer",
    }
    assert {name for name, policy in library.statics.items() if policy.forbids} == {
        "separation-of-duties",
        "authors-known",
        "decided-by-a-person",
    }
    assert all(policy.reason for policy in library.statics.values())


def test_a_custom_role_stands_beside_the_built_in_ones() -> None:
    library = PolicyLibrary.built_in([PolicyText("x.cedar", ROLE)])
    assert library.roles["x"].title == "x"
    assert library.roles["x"].templates == ("x",)
    assert "owner" in library.roles
    one, two = PolicyLibrary([PolicyText("x", ROLE)]), PolicyLibrary([PolicyText("y", ROLE)])
    assert one.version == two.version
    assert one.version != library.version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("permit (", "unexpected end"),
        (ROLE.replace('"read"', '"raed"'), "x: "),
        (ROLE.replace(";", ' when { resource.owner == "a" };'), "x: "),
        (ROLE.replace(";", " when { resource is Rout };"), "x: "),
        (ROLE.replace(";", ' when { resource is ApiKey && resource.owner == "a" };'), "x: "),
        (ROLE.replace('@id("x")', ""), "needs an @id"),
        (ROLE.replace('@id("x")', "@id"), "needs an @id"),
        (ROLE.replace('@role("x")', ""), "and a @role"),
        (ROLE.replace("in ?resource", ""), "needs both"),
        (ROLE.replace("permit", "forbid"), "may only permit"),
        (ROLE + ROLE, "two policies have the id 'x'"),
        (ROLE.replace('@id("x")', '@id("owner")'), "two policies have the id 'owner'"),
        ('@id("x") permit (principal == Person::"a", action == Action::"nonsense", resource);', "x: "),
        ('@id("x") permit (principal, action == Action::"govern:audit:read", resource is Route);', "x: "),
    ],
)
def test_a_policy_that_does_not_fit_is_refused_with_its_name(text: str, said: str) -> None:
    with pytest.raises(TenutoError) as caught:
        PolicyLibrary(
            [PolicyText("owner.cedar", ROLE.replace('"x"', '"owner"')), PolicyText("mine.cedar", text)]
        )
    assert caught.value.fault is POLICY_INVALID
    assert said in caught.value.detail
