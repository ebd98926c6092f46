"""A pipeline from its source to its result, with a journal in memory in place of the database's."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.step_bench import PATIENCE
from tenuto.client.authoring import load_pipelines
from tenuto.core.clock import SystemClock
from tenuto.core.graph import Graph, to_json
from tenuto.core.graph_checks import read_graph
from tenuto.core.value_types import ANY_JSON
from tenuto.pipelines.code.digest import ProjectCode
from tenuto.pipelines.code.folder import ProjectCache, pack_project
from tenuto.pipelines.execution.executor import ExecutorConfig, StepExecutor
from tenuto.pipelines.rules.inputs import inputs_of, list_to_map, parameters_of, results_of
from tenuto.pipelines.rules.keys import key_parts, seed_of, step_key
from tenuto.pipelines.rules.progress import decide
from tenuto.pipelines.rules.retrying import settled
from tenuto.pipelines.values.sinks import place_of
from tenuto.pipelines.values.storing import files_needed, load, split
from tenuto.pipelines.words import AttemptItem, RunState, StepAttempt, StoredValue, TaskId

pytestmark = pytest.mark.system

FILES = {
    "flow.py": """
        from tenuto.client import pipeline, when
        from steps.data import numbers, shift
        from steps.sums import square, total

        @pipeline
        def flow(count: int = 4, least: int = 10):
            shifted = shift(numbers(count))
            result = total(square.map(shifted))
            with when(result, at_least=least):
                squares = square.named("again")(result)
            return {"result": result, "again": squares}
    """,
    "steps/__init__.py": "",
    "steps/data.py": """
        import numpy as np
        from tenuto.client import step

        @step
        def numbers(count: int) -> np.ndarray:
            return np.arange(count)

        @step(inline=True)
        def shift(values: np.ndarray) -> list[int]:
            return [int(value) + 1 for value in values]
    """,
    "steps/sums.py": """
        from tenuto.client import step
        from steps.power import power

        @step
        def square(x: int) -> int:
            return power(x)

        @step
        def total(values: list[int]) -> int:
            return sum(values)
    """,
    "steps/power.py": "def power(x):\n    return x ** 2\n",
    "README.md": "about",
}


class Platform:
    """Uploads a project, runs its pipeline, and keeps results by step key."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._cache = ProjectCache(home / "projects")
        config = ExecutorConfig(folder=home / "work", preload=("numpy", "tenuto.client"), patience=PATIENCE)
        self.executor = StepExecutor(config, lambda: "env", SystemClock())
        self._results: dict[str, Any] = {}
        self.executed: list[str] = []

    def run(self, project: Path, graph: Graph, **parameters: str) -> dict[str, Any]:
        self.executed = []
        packed = pack_project(project, self._home / "upload.tar")
        self._code = self._cache.unpacked(packed.digest, self._home / "upload.tar")
        self._digests = ProjectCode(self._code)
        graph = read_graph(to_json(graph))
        state = RunState(graph, parameters=parameters_of(graph, parameters))
        while (decision := decide(state, datetime.now(UTC))).finished is None:
            state = self._next(state, decision.changes)
            for name in decision.expand:
                state = self._expanded(state, name)
            for task in decision.start:
                state = self._next(state, {task: self._done(state, task)})
        assert not any(where.error for where in state.tasks.values()), state.tasks
        return {
            name: None if value is None else load(value, ANY_JSON, self._files([value]), self._home)
            for name, value in results_of(state).items()
        }

    def _next(self, state: RunState, changes: dict[TaskId, Any]) -> RunState:
        return msgspec.structs.replace(state, tasks={**state.tasks, **changes})

    def _expanded(self, state: RunState, name: str) -> RunState:
        node = state.graph.node(name)
        whole = list_to_map(state, node)
        [item] = [given.type for given in node.inputs if given.name == node.over]
        items = split(whole, item, self._files([whole]), self._home / "out")
        return msgspec.structs.replace(state, expansions={**state.expansions, name: items})

    def _done(self, state: RunState, task: TaskId) -> Any:
        node = state.graph.node(task.node)
        code = self._digests.digest_of(node.step, node.options.files)
        key = step_key(key_parts(state, task, code=code, environment="env"))
        if key not in self._results:
            self.executed.append(task.node)
            outcome = self.executor.run(self._attempt(state, task, key))
            self._results[key] = outcome.items[0]
        return settled(task, state.task(task), self._results[key], node.options, datetime.now(UTC))

    def _attempt(self, state: RunState, task: TaskId, key: str) -> StepAttempt:
        node = state.graph.node(task.node)
        inputs = inputs_of(state, task)
        return StepAttempt(
            attempt_id=key,
            step=node.step,
            items=(AttemptItem(task.item, inputs, seed_of(key)),),
            input_types={given.name: given.type for given in node.inputs},
            outputs=node.outputs,
            returns=node.returns,
            files=self._files(inputs.values()),
            code_folder=str(self._code),
            output_folder=str(self._home / "out"),
            log_file=str(self._home / "log"),
            inline=node.options.inline,
        )

    def _files(self, values: Any) -> dict[str, str]:
        needed: list[StoredValue] = [one for value in values for one in files_needed(value)]
        return {one.digest: str(place_of(one.digest, self._home / "out")) for one in needed}


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    made = Platform(tmp_path)
    yield made
    made.executor.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    return root


@pytest.mark.capability("O1")
def test_a_pipeline_gives_the_same_on_the_platform_as_at_home(platform: Platform, project: Path) -> None:
    flow = load_pipelines(project / "flow.py", project)["flow"]
    assert flow.local() == {"result": 30, "again": 900}
    assert platform.run(project, flow.graph()) == {"result": 30, "again": 900}
    assert platform.executed == ["numbers", "shift", *["square"] * 4, "total", "again"]
    assert (
        flow.local(count=2) == platform.run(project, flow.graph(), count="2") == {"result": 5, "again": None}
    )


@pytest.mark.capability("O1")
def test_what_did_not_change_is_not_run_again(platform: Platform, project: Path) -> None:
    flow = load_pipelines(project / "flow.py", project)["flow"].graph()
    platform.run(project, flow)
    assert platform.run(project, flow)["result"] == 30
    assert platform.executed == []
    (project / "README.md").write_text("more about")
    platform.run(project, flow)
    assert platform.executed == []
    platform.run(project, flow, count="5")
    assert platform.executed == ["numbers", "shift", "square", "total", "again"]


@pytest.mark.capability("O5")
def test_one_changed_line_runs_its_steps_and_those_after_them_again(
    platform: Platform, project: Path
) -> None:
    flow = load_pipelines(project / "flow.py", project)["flow"].graph()
    platform.run(project, flow)
    (project / "steps/power.py").write_text("def power(x):\n    return x ** 3\n")
    assert platform.run(project, flow) == {"result": 100, "again": 1_000_000}
    assert platform.executed == [*["square"] * 4, "total", "again"]
