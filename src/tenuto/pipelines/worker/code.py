"""The code of a run's steps: where each function lies, and under which key a task runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import tenuto
from tenuto.core.digests import digest_of
from tenuto.core.graph import Node
from tenuto.pipelines.code.digest import ProjectCode
from tenuto.pipelines.records import RunRecord
from tenuto.pipelines.rules.inputs import shared_inputs
from tenuto.pipelines.rules.keys import NodeKeys, seed_of, step_key
from tenuto.pipelines.words import AttemptItem, RunState, StoredValue, TaskId
from tenuto.pipelines.worker.attempt import Work
from tenuto.pipelines.worker.looking_up import Asked, Found
from tenuto.pipelines.worker.tools import OWN, Tools

_INSTALLED = str(Path(tenuto.__file__).parents[1])


class Code:
    """The unpacked project of one run, and beside it the steps that Tenuto ships."""

    def __init__(self, tools: Tools, project: tuple[Path, ProjectCode]) -> None:
        self._tools = tools
        self._folder, self._project = project
        self._environment = tools.environment.digest()
        self._digests: dict[tuple[str, tuple[str, ...]], str] = {}

    def asking(self, state: RunState, seed: int) -> Callable[[TaskId], Asked]:
        """Return what tells under which key a task's result is looked for; it raises if there is no code."""
        known: dict[str, NodeKeys] = {}

        def asked(task: TaskId) -> Asked:
            node = state.graph.node(task.node)
            if task.node not in known:
                known[task.node] = self._keys(state, node, seed)
            parts = known[task.node].parts(task)
            return Asked(step_key(parts), parts, cached=node.options.cache and self._own_step(node) is None)

        return asked

    def work(self, run: RunRecord, state: RunState, tasks: tuple[TaskId, ...], found: list[Found]) -> Work:
        """Return the work of one attempt at tasks of one node."""
        node = state.graph.node(tasks[0].node)
        return Work(
            attempt=self._tools.desk.ids.new(),
            run=run,
            node=node,
            tasks=tasks,
            items=tuple(
                AttemptItem(task.item, _own_inputs(state, node, task), seed_of(one.key))
                for task, one in zip(tasks, found, strict=True)
            ),
            inputs=shared_inputs(state, node),
            own_step=self._own_step(node),
            step=self._reference(node),
            code_folder=_INSTALLED if node.step.startswith(OWN) else str(self._folder),
        )

    def _keys(self, state: RunState, node: Node, seed: int) -> NodeKeys:
        self._reference(node)
        return NodeKeys(state, node, code=self._digest(node), environment=self._environment, seed=seed)

    def _own_step(self, node: Node) -> str | None:
        name = node.step.removeprefix(OWN)
        return name if node.step.startswith(OWN) and self._tools.own_steps.has(name) else None

    def _reference(self, node: Node) -> str:
        if not node.step.startswith(OWN) or self._own_step(node) is not None:
            return node.step
        return self._tools.own_steps.code_of(node.step.removeprefix(OWN))

    def _digest(self, node: Node) -> str:
        """A shipped step changes with the version of Tenuto only."""
        asked = (node.step, node.options.files)
        if asked not in self._digests:
            shipped = f"tenuto {tenuto.__version__} {node.step}".encode()
            self._digests[asked] = (
                digest_of(shipped) if node.step.startswith(OWN) else self._project.digest_of(*asked)
            )
        return self._digests[asked]


def _own_inputs(state: RunState, node: Node, task: TaskId) -> dict[str, StoredValue]:
    if node.over is None or task.item is None:
        return {}
    return {node.over: state.expansions[node.name][task.item]}
