from __future__ import annotations

import re

import pytest

from tenuto.core.errors import TenutoError
from tenuto.govern.actions import DECLARED, Action, Nature, action_named, kinds
from tenuto.govern.errors import ACTION_UNKNOWN
from tenuto.govern.policy.schema import FACTS, PRINCIPALS, schema_text

ROOMS = {"govern", "spend", "registry", "guard", "gateway", "data", "pipelines", "serving", "monitoring"}


def test_an_action_says_what_it_is() -> None:
    for action in Action:
        assert re.fullmatch(r"[a-z]+:[a-z_]+:[a-z]+", action.value)
        assert action.area in ROOMS
        assert action.kinds
        assert action.phrase[0].islower()
        assert not action.phrase.endswith(".")
        assert action.mutating == (action.nature is Nature.CHANGE)
        assert action.recorded == (action.nature is not Nature.READ)
        assert action_named(action.value) is action


def test_an_unknown_action_is_an_error_and_not_a_refusal() -> None:
    for name in ("", "govern:resource", "govern:resource:aply", "any", "read"):
        with pytest.raises(TenutoError) as caught:
            action_named(name)
        assert caught.value.fault is ACTION_UNKNOWN


def test_facts_belong_to_kinds_that_exist() -> None:
    assert set(FACTS) <= set(kinds())
    assert set(DECLARED) <= set(kinds())
    assert len(set(PRINCIPALS.values())) == len(PRINCIPALS)


def test_the_schema_names_every_action_and_kind() -> None:
    text = schema_text()
    assert all(f'action "{action.value}"' in text for action in Action)
    assert all(f"entity {kind} " in text for kind in kinds())


def test_an_unknown_action_is_told_with_the_nearest() -> None:
    with pytest.raises(TenutoError, match="`registry:model:aprove`: did you mean `registry:model:approve`"):
        action_named("registry:model:aprove")
    with pytest.raises(TenutoError, match="`nonsense`: an action is `area:resource:verb`"):
        action_named("nonsense")
