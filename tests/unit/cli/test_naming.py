"""Names as people type them."""

from __future__ import annotations

import pytest

from tenuto.cli.errors import NAME_MALFORMED
from tenuto.cli.naming import exactly_versioned, folded, kind_and_name, versioned
from tenuto.core.errors import TenutoError


@pytest.mark.parametrize(
    ("text", "read"), [("churn", ("churn", None)), ("churn@3", ("churn", 3)), ("a.b-c@12", ("a.b-c", 12))]
)
def test_a_version_may_stand_behind_a_name(text: str, read: tuple[str, int | None]) -> None:
    assert versioned(text) == read


@pytest.mark.parametrize("text", ["", "@3", "churn@", "churn@x", "churn@-1", "a@1@2", "churn@1234567890"])
def test_what_is_no_name_with_a_version_is_refused(text: str) -> None:
    with pytest.raises(TenutoError) as refused:
        versioned(text)
    assert refused.value.fault is NAME_MALFORMED


def test_a_decision_names_its_version() -> None:
    assert exactly_versioned("churn@3") == ("churn", 3)
    with pytest.raises(TenutoError) as refused:
        exactly_versioned("churn")
    assert "`churn@VERSION`" in refused.value.detail


@pytest.mark.parametrize("text", ["", "route", "/chat", "route/"])
def test_what_is_no_kind_and_name_is_refused(text: str) -> None:
    with pytest.raises(TenutoError):
        kind_and_name(text)
    assert kind_and_name("model/churn@3") == ("model", "churn@3")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Route", "routes"),
        ("EgressRule", "egress-rules"),
        ("Policy", "policies"),
        ("Workspace", "WORKSPACES"),
    ],
)
def test_a_kind_is_found_in_any_spelling(one: str, other: str) -> None:
    assert folded(one) == folded(other)
