"""What a worker needs around it: a workspace, stored code, a journal, and a way to look into them."""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tenuto.core import typed_json
from tenuto.core.graph import Graph, to_json
from tenuto.core.words import Scope
from tenuto.govern.use_case import Desk
from tenuto.pipelines import use_cases
from tenuto.pipelines.code.environment import InstalledEnvironment
from tenuto.pipelines.code.folder import ProjectCache, pack_project
from tenuto.pipelines.ports import Executor
from tenuto.pipelines.records import RunDetail, TaskRecord
from tenuto.pipelines.use_cases import NewRun
from tenuto.pipelines.words import StoredValue
from tenuto.pipelines.worker.loop import Worker
from tenuto.pipelines.worker.tools import Handed, Tools
from tenuto.store.blobs import Blobs
from tenuto.store.database import Role

OwnStep = Callable[[Handed], dict[str, StoredValue]]


class SomeSteps:
    """The platform's own steps, as far as a test brings any."""

    def __init__(self) -> None:
        self.steps: dict[str, OwnStep] = {}

    def has(self, name: str) -> bool:
        return name in self.steps

    def run(self, name: str, handed: Handed) -> dict[str, StoredValue]:
        return self.steps[name](handed)

    def code_of(self, name: str) -> str:
        return f"shipped:{name}"


class PipelineHost:
    """One workspace with a project in it. ``project`` is its code: a file name and the text of each."""

    def __init__(self, desk: Desk, scope: Scope, folder: Path, project: dict[str, str]) -> None:
        self.desk = desk
        self.scope = scope
        self.folder = folder
        self.own_steps = SomeSteps()
        self.blobs = Blobs(str(folder / "blobs"), folder / "staging")
        self.code = self.upload(project)

    def upload(self, project: dict[str, str]) -> str:
        root = self.folder / "project"
        root.mkdir(exist_ok=True)
        for name, text in project.items():
            (root / name).write_text(textwrap.dedent(text))
        archive = self.folder / "project.tar"
        packed = pack_project(root, archive)
        self.blobs.put_file(archive)
        use_cases.submit_code(self.desk, self.scope, digest=packed.digest, size=packed.size, name="project")
        return packed.digest

    def submit(self, graph: Graph, **parameters: Any) -> str:
        return use_cases.submit(self.desk, self.scope, new=self.new_run(graph, **parameters)).id

    def new_run(self, graph: Graph, **parameters: Any) -> NewRun:
        values = {name: typed_json.encode(value) for name, value in parameters.items()}
        return NewRun(graph=to_json(graph), code=self.code, parameters=values)

    def tools(self, executor: Executor, **changes: Any) -> Tools:
        made = Tools(
            desk=self.desk,
            blobs=self.blobs,
            executor=executor,
            own_steps=self.own_steps,
            projects=ProjectCache(self.folder / "projects"),
            environment=InstalledEnvironment(),
            scratch=self.folder / "runs",
            workers=self.folder / "workers",
            holder=self.desk.ids.new(),
        )
        return msgspec.structs.replace(made, **changes)

    def cancel(self, run: str) -> None:
        use_cases.cancel(self.desk, self.scope, run_id=run)

    def detail(self, run: str) -> RunDetail:
        return use_cases.run(self.desk, self.scope, run_id=run)

    def status(self, run: str) -> str:
        return self.detail(run).run.status

    def tasks(self, run: str) -> dict[str, TaskRecord]:
        """Return the tasks by name, items as ``node/item``."""
        return {_name(one): one for one in self.detail(run).tasks}

    def result(self, run: str, name: str) -> Any:
        value = msgspec.convert(self.detail(run).results[name], StoredValue)
        text = value.text if value.text is not None else self.blobs.read(value.digest).decode()
        return typed_json.decode(text, value.type)

    def logs(self, run: str) -> list[tuple[str, str]]:
        return use_cases.logs(self.desk, self.scope, run_id=run)

    def rows(self, statement: Any, **values: Any) -> list[Any]:
        with self.desk.database.begin(self.scope, Role.SYSTEM) as tx:
            return tx.rows(statement, values)


class WorkerThread:
    """A worker that runs until the block ends."""

    def __init__(self, tools: Tools) -> None:
        self.worker = Worker(tools)
        self._thread = threading.Thread(target=self.worker.run, args=(0.05,))

    def __enter__(self) -> Worker:
        self._thread.start()
        return self.worker

    def __exit__(self, *_: object) -> None:
        self.worker.stop()
        self._thread.join(30)
        assert not self._thread.is_alive(), "the worker does not stop"


def _name(one: TaskRecord) -> str:
    return one.task.node if one.task.item is None else f"{one.task.node}/{one.task.item}"


@pytest.fixture
def host(desk: Desk, make_workspace: Callable[..., Scope], tmp_path: Path) -> PipelineHost:
    return PipelineHost(desk, make_workspace(), tmp_path, {"work.py": ""})
