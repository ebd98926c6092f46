"""Random graphs run by a simulated executor that fails, loses, times out and is cancelled at random: every run
ends, nothing that finished runs again, and nothing starts before all it needs is there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.pipeline_graphs import INT, MAYBE_INT, node, number, when
from tenuto.core.graph import Comparison, FromOutput, Graph, Node, Parameter, StepOptions
from tenuto.core.graph_checks import checked
from tenuto.core.value_types import list_of
from tenuto.pipelines.rules.inputs import inputs_of
from tenuto.pipelines.rules.keys import key_parts, step_key
from tenuto.pipelines.rules.progress import decide, node_status
from tenuto.pipelines.rules.retrying import MOST_LOSSES, settled, started
from tenuto.pipelines.words import (
    FINAL,
    ItemOutcome,
    RunState,
    RunStatus,
    Status,
    StoredValue,
    TaskId,
    TaskState,
    TaskStatus,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LISTS = list_of(INT)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Nodes that make an int, make a list, or are mapped over a list; with conditions and inputs that take None."""
    nodes: list[Node] = []
    for index in range(draw(st.integers(1, 8))):
        ints = [one.name for one in nodes if one.over is None and one.outputs[0].type == INT]
        lists = [one.name for one in nodes if one.over is not None or one.outputs[0].type == LISTS]
        nodes.append(draw(one_node(f"n{index}", ints, lists)))
    return checked(Graph("flow", tuple(nodes), (Parameter("size", INT, "3"),)))


@st.composite
def one_node(draw: st.DrawFn, name: str, ints: list[str], lists: list[str]) -> Node:
    given: list[Any] = draw(st.lists(st.sampled_from(["$size", *ints]), max_size=2))
    takes = {place: draw(st.sampled_from([INT, MAYBE_INT])) for place in range(len(given))}
    over = None
    if lists and draw(st.booleans()):
        over = len(given) if draw(st.booleans()) else None
        takes[len(given)] = INT if over is not None else LISTS
        given.append(draw(st.sampled_from(lists)))
    looked_at = draw(st.sampled_from([None, "$size", *ints]))
    bound = draw(st.integers(0, 6) | st.sampled_from(["$size", *ints]))
    conditions = (when(looked_at, Comparison.AT_LEAST, bound),) if looked_at else ()
    out = draw(st.sampled_from([INT, LISTS])) if over is None else INT
    options = StepOptions(retries=draw(st.integers(0, 2)))
    return node(name, *given, out=out, takes=takes, over=over, conditions=conditions, options=options)


class Simulation:
    """A worker's loop over a journal in memory, with chance in place of processes."""

    def __init__(self, graph: Graph, draw: Any, *, luck: list[Status]) -> None:
        self.state = RunState(graph, parameters={"size": number(3)})
        self.now = NOW
        self.finished_once: set[TaskId] = set()
        self._draw = draw
        self._luck = luck

    def run(self) -> RunStatus:
        for _ in range(2000):
            decision = decide(self.state, self.now)
            assert decide(self.state, self.now) == decision
            self._update(decision.changes)
            for name in decision.expand:
                self._expand(name)
            if decision.finished is not None:
                return decision.finished
            if decision.start:
                self._attempt(list(decision.start))
            elif not (decision.changes or decision.expand):
                assert decision.wake_at is not None, "nothing to do, nothing to wait for, and not finished"
                self.now = max(decision.wake_at, self.now + timedelta(microseconds=1))
        raise AssertionError("the run does not end")

    def _attempt(self, tasks: list[TaskId]) -> None:
        chosen = self._draw(st.lists(st.sampled_from(tasks), min_size=1, unique=True))
        for task in chosen:
            assert task not in self.finished_once, f"{task} runs again"
            self._require_all_it_needs(task)
            self._update({task: started(self.state.task(task))})
        if Status.CANCELLED in self._luck and self._draw(st.integers(0, 9)) == 0:
            self.state = msgspec.structs.replace(self.state, cancelled=True)
            assert decide(self.state, self.now).start == ()
        for task in chosen:
            self._settle(task)

    def _settle(self, task: TaskId) -> None:
        node = self.state.graph.node(task.node)
        status = self._draw(st.sampled_from(self._luck))
        outputs: dict[str, StoredValue] = {}
        if status is Status.SUCCEEDED:
            declared = node.outputs[0].type
            value: Any = self._draw(st.integers(0, 6))
            value = value if declared == INT else [value] * self._draw(st.integers(0, 3))
            outputs = {"result": number(value, declared)}
            self.finished_once.add(task)
        outcome = ItemOutcome(task.item, status, outputs)
        self._update({task: settled(task, self.state.task(task), outcome, node.options, self.now)})

    def _require_all_it_needs(self, task: TaskId) -> None:
        node = self.state.graph.node(task.node)
        for name in (one.source.node for one in node.inputs if isinstance(one.source, FromOutput)):
            assert node_status(self.state, self.state.graph.node(name)) in {
                TaskStatus.SUCCEEDED,
                TaskStatus.SKIPPED,
            }
        assert set(inputs_of(self.state, task)) == {one.name for one in node.inputs}
        assert step_key(key_parts(self.state, task, code="c", environment="e"))

    def _expand(self, name: str) -> None:
        [mapped] = [
            one for one in self.state.graph.node(name).inputs if one.name == self.state.graph.node(name).over
        ]
        assert isinstance(mapped.source, FromOutput)
        before = self.state.graph.node(mapped.source.node)
        if before.over is not None:
            count = len(self.state.expansions[before.name])
        else:
            text = self.state.task(TaskId(before.name)).outputs["result"].text
            count = len(msgspec.json.decode(text or ""))
        items = tuple(number(index) for index in range(count))
        self.state = msgspec.structs.replace(self.state, expansions={**self.state.expansions, name: items})

    def _update(self, changes: dict[TaskId, TaskState]) -> None:
        for task in changes:
            assert self.state.task(task).status not in FINAL, f"{task} was final"
        self.state = msgspec.structs.replace(self.state, tasks={**self.state.tasks, **changes})


ANYTHING = [
    *[Status.SUCCEEDED] * 4,
    Status.FAILED,
    Status.TIMED_OUT,
    Status.LOST,
    Status.NOT_RUN,
]


@pytest.mark.capability("O2")
@settings(max_examples=200, deadline=None)
@given(graph=graphs(), data=st.data())
def test_every_run_ends_and_nothing_finished_runs_again(graph: Graph, data: st.DataObject) -> None:
    simulation = Simulation(graph, data.draw, luck=ANYTHING)
    end = simulation.run()
    statuses = {one.name: node_status(simulation.state, one) for one in graph.nodes}
    assert set(statuses.values()) <= FINAL
    failed = {TaskStatus.FAILED, TaskStatus.BLOCKED} & set(statuses.values())
    assert end is (RunStatus.FAILED if failed else RunStatus.SUCCEEDED)
    for task, where in simulation.state.tasks.items():
        assert where.losses <= MOST_LOSSES + 1
        assert where.failures <= graph.node(task.node).options.retries + 1


@pytest.mark.capability("O1")
@settings(max_examples=100, deadline=None)
@given(graph=graphs(), data=st.data())
def test_without_bad_luck_every_run_succeeds(graph: Graph, data: st.DataObject) -> None:
    simulation = Simulation(graph, data.draw, luck=[Status.SUCCEEDED])
    assert simulation.run() is RunStatus.SUCCEEDED
    assert {node_status(simulation.state, one) for one in graph.nodes} <= {
        TaskStatus.SUCCEEDED,
        TaskStatus.SKIPPED,
    }


@settings(max_examples=100, deadline=None)
@given(graph=graphs(), data=st.data())
def test_a_run_can_be_cancelled_at_any_time(graph: Graph, data: st.DataObject) -> None:
    simulation = Simulation(graph, data.draw, luck=[*ANYTHING, Status.CANCELLED])
    end = simulation.run()
    found = {node_status(simulation.state, one) for one in graph.nodes}
    assert found <= FINAL
    assert (end is RunStatus.CANCELLED) == (TaskStatus.CANCELLED in found)
