from __future__ import annotations

import msgspec
import pytest

from support.pipeline_graphs import INT, number
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Output
from tenuto.core.value_types import Kind, ValueType
from tenuto.pipelines.errors import STEP_TALK_BROKEN, VALUE_NOT_POSSIBLE
from tenuto.pipelines.execution.items import Items
from tenuto.pipelines.words import AttemptItem, ItemOutcome, Status, StepAttempt, StepError

TEXT = ValueType(Kind.TEXT)
LOST = StepError("ProcessLost", "killed")
ATTEMPT = StepAttempt(
    attempt_id="a",
    step="work:step",
    items=tuple(AttemptItem(index) for index in (5, 6, 7)),
    outputs=(Output("result", INT),),
    code_folder="/code",
    output_folder="/out",
    log_file="/log",
)
DONE = ItemOutcome(None, Status.SUCCEEDED, {"result": number(1)})


def statuses(items: Items, verdict: Status | None) -> list[tuple[int | None, str]]:
    return [(item.index, item.status.value) for item in items.complete(verdict, LOST)]


def test_an_answer_is_believed_as_far_as_it_can_be_checked() -> None:
    items = Items(ATTEMPT)
    items.start(0)
    lying = msgspec.structs.replace(number(1), digest=number(2).digest, size=9)
    assert items.end(0, ItemOutcome(99, Status.SUCCEEDED, {"result": lying})) == ItemOutcome(
        5, Status.SUCCEEDED, {"result": number(1)}
    )


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        (ItemOutcome(None, Status.SUCCEEDED), STEP_TALK_BROKEN),
        (ItemOutcome(None, Status.SUCCEEDED, {"result": number(1), "more": number(1)}), STEP_TALK_BROKEN),
        (ItemOutcome(None, Status.LOST), STEP_TALK_BROKEN),
        (ItemOutcome(None, Status.SUCCEEDED, {"result": number("a", TEXT)}), VALUE_NOT_POSSIBLE),
    ],
)
def test_an_answer_that_cannot_be_is_refused(outcome: ItemOutcome, fault: object) -> None:
    items = Items(ATTEMPT)
    items.start(0)
    with pytest.raises(TenutoError) as raised:
        items.end(0, outcome)
    assert raised.value.fault is fault
    assert statuses(items, None)[0] == (5, "lost")


def test_items_end_in_the_order_in_which_they_start_and_once() -> None:
    items = Items(ATTEMPT)
    with pytest.raises(TenutoError):
        items.end(0, DONE)
    items.start(0)
    assert items.in_flight
    with pytest.raises(TenutoError):
        items.end(1, DONE)
    items.end(0, DONE)
    assert not items.in_flight
    for position in (0, 3, -1):
        with pytest.raises(TenutoError):
            items.start(position)


def test_a_failed_answer_brings_no_outputs() -> None:
    items = Items(ATTEMPT)
    items.start(0)
    assert items.end(0, ItemOutcome(None, Status.FAILED, {"result": number(1)}, LOST)).outputs == {}


@pytest.mark.parametrize(
    ("started", "ended", "verdict", "expected"),
    [
        ([], [], None, "lost not_run not_run"),
        ([0], [], None, "lost not_run not_run"),
        ([0], [0], None, "succeeded lost not_run"),
        ([0, 1], [0], None, "succeeded lost not_run"),
        ([0, 1], [0], Status.TIMED_OUT, "succeeded timed_out not_run"),
        ([0], [0], Status.TIMED_OUT, "succeeded not_run not_run"),
        ([0, 1], [0], Status.CANCELLED, "succeeded cancelled cancelled"),
        ([0, 1, 2], [0, 1, 2], Status.CANCELLED, "succeeded succeeded succeeded"),
    ],
)
def test_what_becomes_of_items_that_did_not_end(
    started: list[int], ended: list[int], verdict: Status | None, expected: str
) -> None:
    items = Items(ATTEMPT)
    for position in started:
        items.start(position)
        if position in ended:
            items.end(position, DONE)
    assert [status for _, status in statuses(items, verdict)] == expected.split()
    assert [index for index, _ in statuses(items, verdict)] == [5, 6, 7]
