from __future__ import annotations

from typing import Any

import msgspec
import pytest

from support.pipeline_graphs import INT, done, graph, mapping, node, number, state
from tenuto.core.graph import StepOptions
from tenuto.core.value_types import Kind, ValueType, list_of
from tenuto.pipelines.rules.keys import (
    Difference,
    KeyParts,
    NodeKeys,
    explain_key_difference,
    key_parts,
    seed_of,
    step_key,
)
from tenuto.pipelines.words import RunState, TaskId, TaskState

CODE, ENVIRONMENT = "sha256:" + "a" * 64, "sha256:" + "b" * 64
FLOW = graph(node("a"), node("b", "a", "$size", 7, options=StepOptions(version="2")))


def parts(of: RunState | None = None, task: TaskId = TaskId("b")) -> KeyParts:  # noqa: B008 (frozen)
    return key_parts(of or state(FLOW, a=done(1)), task, code=CODE, environment=ENVIRONMENT)


@pytest.mark.capability("O1")
def test_a_key_is_made_of_all_that_the_result_depends_on() -> None:
    assert parts() == KeyParts(
        code=CODE,
        step="work:b",
        environment=ENVIRONMENT,
        inputs={"x0": number(1).digest},
        parameters={"x1": number(3).digest, "x2": number(7).digest},
        seed="0",
        version="2",
    )
    assert step_key(parts()) == step_key(parts())


@pytest.mark.capability("O1")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code": ENVIRONMENT}, "code changed"),
        ({"environment": CODE}, "environment changed"),
        ({"step": "work:c"}, "step changed"),
        ({"version": "3"}, "version changed"),
        ({"seed": "1"}, "seed changed"),
        ({"inputs": {"x0": number(2).digest}}, "input `x0` changed"),
        ({"inputs": {}}, "input `x0` is gone"),
        (
            {"parameters": {"x1": number(3).digest, "x2": number(7).digest, "x3": CODE}},
            "parameter `x3` is new",
        ),
    ],
)
def test_whatever_changes_changes_the_key_and_is_told(changes: dict[str, object], reason: str) -> None:
    changed = msgspec.structs.replace(parts(), **changes)
    assert step_key(changed) != step_key(parts())
    assert [str(one) for one in explain_key_difference(parts(), changed)] == [reason]


def test_equal_parts_differ_in_nothing() -> None:
    assert explain_key_difference(parts(), parts()) == ()


def test_a_difference_keeps_both_sides() -> None:
    changed = msgspec.structs.replace(parts(), code=ENVIRONMENT)
    assert explain_key_difference(parts(), changed) == (Difference("code", CODE, ENVIRONMENT),)


def test_an_int_and_the_equal_float_make_different_keys() -> None:
    one, other = (state(FLOW, a=done(value, ValueType(Kind.FLOAT))) for value in (1, 1.0))
    assert step_key(parts(one)) != step_key(parts(other))


def test_each_item_of_a_map_has_its_own_key_and_equal_items_share_one() -> None:
    items = state(mapping(), items=done([5, 6, 5], list_of(INT)))
    items = msgspec.structs.replace(items, expansions={"each": (number(5), number(6), number(5))})
    keys = [step_key(parts(items, TaskId("each", index))) for index in range(3)]
    assert keys[0] == keys[2] != keys[1]
    assert seed_of(keys[0]) == seed_of(keys[2]) != seed_of(keys[1])
    assert 0 <= seed_of(keys[0]) < 2**32


def test_the_name_of_a_node_does_not_count() -> None:
    renamed = graph(node("a"), msgspec.structs.replace(FLOW.nodes[1], name="other"))
    assert parts(state(renamed, a=done(1)), TaskId("other")) == parts()


@pytest.mark.capability("O1")
def test_what_items_share_is_looked_up_once_for_all_of_them() -> None:
    """A map beside the list of another map's results: looking that up for each item would take n times n."""
    flow = graph(
        node("items", out=list_of(INT)),
        node("each", "items", "$size", over=0),
        node("again", "items", "each", over=0, takes={1: list_of(INT)}),
    )
    count = 300
    tasks = {TaskId("items"): done(1)} | {TaskId("each", item): done(item) for item in range(count)}
    looked = Counted(tasks)
    items = tuple(number(item) for item in range(count))
    whole = RunState(
        flow, parameters={"size": number(3)}, tasks=looked, expansions={"each": items, "again": items}
    )
    keys = NodeKeys(whole, flow.node("again"), code=CODE, environment=ENVIRONMENT)
    found = [keys.parts(TaskId("again", item)) for item in range(count)]
    assert looked.asked <= 2 * count
    assert len({step_key(one) for one in found}) == count
    assert found[7] == key_parts(whole, TaskId("again", 7), code=CODE, environment=ENVIRONMENT)


class Counted(dict[TaskId, TaskState]):
    """Tasks that count how often they are asked for."""

    asked = 0

    def get(self, *given: Any) -> Any:
        self.asked += 1
        return super().get(*given)
