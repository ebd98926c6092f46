from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from support.pipeline_graphs import (
    FAILED,
    INT,
    MAYBE_INT,
    RUNNING,
    SKIPPED,
    done,
    graph,
    mapping,
    node,
    number,
    state,
    when,
)
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Comparison
from tenuto.core.value_types import list_of
from tenuto.pipelines.errors import INPUT_NOT_READY, JOIN_INCOMPLETE, VALUE_NOT_POSSIBLE
from tenuto.pipelines.rules.inputs import (
    MOST_ITEMS,
    inputs_of,
    list_to_map,
    parameters_of,
    require_items,
    results_of,
)
from tenuto.pipelines.rules.progress import chunks, decide, node_status
from tenuto.pipelines.words import RunState, RunStatus, TaskId, TaskState, TaskStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LINE = graph(node("a"), node("b", "a"), node("c", "b"))
DIAMOND = graph(node("a"), node("b", "a"), node("c", "a"), node("d", "b", "c"), results=("d",))


@pytest.mark.capability("O1")
def test_a_step_starts_when_all_it_needs_is_there() -> None:
    assert decide(state(DIAMOND), NOW).start == (TaskId("a"),)
    assert decide(state(DIAMOND, a=RUNNING), NOW).start == ()
    assert decide(state(DIAMOND, a=done(1)), NOW).start == (TaskId("b"), TaskId("c"))
    assert decide(state(DIAMOND, a=done(1), b=done(2), c=RUNNING), NOW).start == ()
    ready = state(DIAMOND, a=done(1), b=done(2), c=done(3))
    assert decide(ready, NOW).start == (TaskId("d"),)
    assert {name: value.text for name, value in inputs_of(ready, TaskId("d")).items()} == {
        "x0": "2",
        "x1": "3",
    }
    finished = state(DIAMOND, a=done(1), b=done(2), c=done(3), d=done(4))
    assert decide(finished, NOW).finished is RunStatus.SUCCEEDED
    assert results_of(finished) == {"d": number(4)}


def test_what_needs_a_failed_step_is_blocked_and_the_rest_goes_on() -> None:
    decision = decide(state(graph(*LINE.nodes, node("other")), a=FAILED), NOW)
    assert {task.node: where.status for task, where in decision.changes.items()} == {
        "b": TaskStatus.BLOCKED,
        "c": TaskStatus.BLOCKED,
    }
    assert decision.start == (TaskId("other"),)
    assert decision.finished is None
    assert decide(state(LINE, a=FAILED), NOW).finished is RunStatus.FAILED


CHOICE = graph(
    node("score"),
    node("good", "score", conditions=(when("score", Comparison.AT_LEAST, 10),)),
    node("after", "good"),
    node("last", "good", takes={0: MAYBE_INT}),
    results=("after", "last"),
)


@pytest.mark.capability("O1")
@pytest.mark.parametrize(
    ("score", "start", "skipped"), [(10, {"good"}, set()), (9, {"last"}, {"good", "after"})]
)
def test_a_condition_decides_and_skipping_spreads(score: int, start: set[str], skipped: set[str]) -> None:
    decision = decide(state(CHOICE, score=done(score)), NOW)
    assert {task.node for task in decision.start} == start
    assert {task.node for task in decision.changes} == skipped


def test_a_parameter_that_takes_none_is_given_none_for_a_skipped_step() -> None:
    after = state(CHOICE, score=done(1), good=SKIPPED, after=SKIPPED)
    assert decide(after, NOW).start == (TaskId("last"),)
    assert inputs_of(after, TaskId("last"))["x0"].text == "null"
    end = state(CHOICE, score=done(1), good=SKIPPED, after=SKIPPED, last=done(0))
    assert decide(end, NOW).finished is RunStatus.SUCCEEDED
    assert results_of(end) == {"after": None, "last": number(0)}


def test_a_condition_on_a_skipped_step_does_not_hold_and_one_on_a_parameter_does() -> None:
    flow = graph(
        node("a", conditions=(when("$size", Comparison.LESS_THAN, 3),)),
        node("b", conditions=(when("a", Comparison.NOT_EQUALS, 7),)),
        node("c", conditions=(when("$size", Comparison.ONE_OF, [1, 3]),)),
    )
    decision = decide(state(flow), NOW)
    assert {task.node for task in decision.changes} == {"a", "b"}
    assert decision.start == (TaskId("c"),)


def test_a_condition_compares_with_another_step_or_a_parameter() -> None:
    flow = graph(
        node("a"),
        node("b", conditions=(when("a", Comparison.AT_LEAST, "$size"),)),
        node("c", conditions=(when("a", Comparison.LESS_THAN, "b"),)),
    )
    assert decide(state(flow, a=done(3)), NOW).start == (TaskId("b"),)
    assert decide(state(flow, a=done(3), b=done(4)), NOW).start == (TaskId("c"),)
    skipping = decide(state(flow, a=done(2)), NOW)
    assert {task.node for task in skipping.changes} == {"b", "c"}


def expanded(of: RunState, count: int) -> RunState:
    return msgspec.structs.replace(of, expansions={"each": tuple(number(index) for index in range(count))})


@pytest.mark.capability("O1")
def test_a_map_is_expanded_before_any_item_starts() -> None:
    listed = state(mapping(), items=done([5, 6], list_of(INT)))
    decision = decide(listed, NOW)
    assert decision.expand == ("each",)
    assert decision.start == ()
    assert list_to_map(listed, listed.graph.node("each")).text == "[5,6]"
    assert decide(expanded(listed, 2), NOW).start == (TaskId("each", 0), TaskId("each", 1))
    given = inputs_of(expanded(listed, 2), TaskId("each", 1))
    assert {name: value.text for name, value in given.items()} == {"x0": "1", "x1": "3"}


def test_the_step_after_a_map_gets_exactly_one_result_for_each_item() -> None:
    items = done([5, 6], list_of(INT))
    half = expanded(state(mapping(), items=items, each__0=done(1), each__1=RUNNING), 2)
    assert decide(half, NOW).start == ()
    whole = expanded(state(mapping(), items=items, each__1=done(2), each__0=done(1)), 2)
    assert decide(whole, NOW).start == (TaskId("total"),)
    assert [part.text for part in inputs_of(whole, TaskId("total"))["x0"].parts] == ["1", "2"]


def test_a_result_too_few_or_too_many_is_never_passed_on() -> None:
    items = done([5, 6], list_of(INT))
    for wrong in (
        expanded(state(mapping(), items=items, each__0=done(1)), 2),
        expanded(state(mapping(), items=items, each__0=done(1), each__1=done(2), each__2=done(3)), 2),
    ):
        with pytest.raises(TenutoError) as raised:
            inputs_of(wrong, TaskId("total"))
        assert raised.value.fault is JOIN_INCOMPLETE


def test_a_map_over_nothing_succeeds_at_once() -> None:
    empty = expanded(state(mapping(), items=done([], list_of(INT))), 0)
    assert node_status(empty, empty.graph.node("each")) is TaskStatus.SUCCEEDED
    assert decide(empty, NOW).start == (TaskId("total"),)
    assert inputs_of(empty, TaskId("total"))["x0"].parts == ()


def test_one_failed_item_fails_the_map_once_the_others_are_done() -> None:
    items = done([5, 6], list_of(INT))
    running = expanded(state(mapping(), items=items, each__0=FAILED, each__1=RUNNING), 2)
    assert decide(running, NOW).finished is None
    ended = expanded(state(mapping(), items=items, each__0=FAILED, each__1=done(1)), 2)
    decision = decide(ended, NOW)
    assert decision.changes == {TaskId("total"): TaskState(TaskStatus.BLOCKED)}
    assert decision.finished is RunStatus.FAILED


def test_a_map_over_a_skipped_list_is_skipped() -> None:
    flow = graph(
        node("items", out=list_of(INT), conditions=(when("$size", Comparison.EQUALS, 0),)),
        node("each", "items", over=0),
    )
    assert {task.node for task in decide(state(flow), NOW).changes} == {"items", "each"}


def test_a_retry_waits_for_its_time() -> None:
    later = NOW + timedelta(seconds=5)
    waiting = state(LINE, a=TaskState(TaskStatus.RETRYING, failures=1, retry_at=later))
    assert decide(waiting, NOW).start == ()
    assert decide(waiting, NOW).wake_at == later
    assert decide(waiting, later).start == (TaskId("a"),)


@pytest.mark.capability("O1")
def test_a_cancelled_run_starts_nothing_and_ends_when_nothing_runs() -> None:
    for running, end in ((RUNNING, None), (done(1), RunStatus.CANCELLED)):
        cancelled = msgspec.structs.replace(state(DIAMOND, a=done(1), b=running), cancelled=True)
        decision = decide(cancelled, NOW)
        assert decision.start == ()
        assert {task.node for task in decision.changes} == {"c", "d"}
        assert decision.finished is end
    ended = msgspec.structs.replace(state(LINE, a=done(1), b=done(2), c=done(3)), cancelled=True)
    assert decide(ended, NOW).finished is RunStatus.SUCCEEDED


def test_a_cancelled_map_cancels_the_items_that_wait() -> None:
    items = done([5, 6], list_of(INT))
    cancelled = msgspec.structs.replace(
        expanded(state(mapping(), items=items, each__0=done(1)), 2), cancelled=True
    )
    decision = decide(cancelled, NOW)
    assert TaskId("each", 1) in decision.changes
    assert TaskId("each", 0) not in decision.changes
    assert decision.finished is RunStatus.CANCELLED


def test_an_input_that_is_not_there_is_never_made_up() -> None:
    for task in (TaskId("b"), TaskId("c")):
        with pytest.raises(TenutoError) as raised:
            inputs_of(state(LINE), task)
        assert raised.value.fault is INPUT_NOT_READY
    with pytest.raises(TenutoError):
        inputs_of(expanded(state(mapping()), 2), TaskId("each", 2))


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({"sise": "1"}, "`sise` is no parameter"),
        ({"size": '"a"'}, "expected int"),
        ({"size": "["}, "not typed JSON"),
    ],
)
def test_wrong_parameters_are_told(given: dict[str, str], detail: str) -> None:
    with pytest.raises(TenutoError) as raised:
        parameters_of(LINE, given)
    assert raised.value.fault is VALUE_NOT_POSSIBLE
    assert detail in raised.value.detail


def test_parameters_have_defaults_or_have_to_be_given() -> None:
    assert parameters_of(LINE, {}) == {"size": number(3)}
    assert parameters_of(LINE, {"size": "4"}) == {"size": number(4)}
    asking = msgspec.structs.replace(
        LINE, parameters=(msgspec.structs.replace(LINE.parameters[0], default=None),)
    )
    with pytest.raises(TenutoError, match="has to be given"):
        parameters_of(asking, {})


def test_a_map_has_bounds() -> None:
    require_items(mapping().node("each"), MOST_ITEMS)
    with pytest.raises(TenutoError):
        require_items(mapping().node("each"), MOST_ITEMS + 1)


@pytest.mark.parametrize(
    ("count", "slots", "sizes"),
    [(0, 2, []), (1, 2, [1]), (8, 2, [1] * 8), (20, 2, [3] * 6 + [2]), (1000, 2, [50] * 20)],
)
def test_items_share_processes_in_chunks(count: int, slots: int, sizes: list[int]) -> None:
    tasks = [TaskId("each", index) for index in range(count)]
    found = list(chunks(tasks, slots))
    assert [len(chunk) for chunk in found] == sizes
    assert [task for chunk in found for task in chunk] == tasks


def test_only_items_of_one_map_share_a_process() -> None:
    tasks = [TaskId("a"), TaskId("each", 0), TaskId("b"), TaskId("each", 1)]
    assert list(chunks(tasks, 0)) == [
        (TaskId("a"),),
        (TaskId("each", 0),),
        (TaskId("each", 1),),
        (TaskId("b"),),
    ]
