"""Runs, models, datasets and approvals as lines that people read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tenuto.cli.output import Line, Styled, facts, short_time, table
from tenuto.client.api import Tenuto
from tenuto.client.documents import write_value
from tenuto.client.words import (
    Approval,
    DatasetVersion,
    GateReport,
    Kind,
    ModelVersion,
    Run,
    RunDetail,
    StepError,
    Task,
)
from tenuto.core.errors import FaultKind, TenutoError

_PASSED = "pass"
_STYLES = {"succeeded": "green", "failed": "red", "cancelled": "yellow", "blocked": "red", "running": "cyan"}
_FRAME_LINES = 12  # of the beginning and of the end of a long traceback
# Files of the project are named from its folder on, files of libraries by their whole path.
_OWN_FRAME = re.compile(r'^ +File "([^/"<][^"]*)", line (\d+)', re.MULTILINE)
_SHORT_DIGEST = 19  # characters: `sha256:` and twelve digits


def names_of(client: Tenuto) -> Mapping[str, str]:
    """Return the names of people and service accounts by id; none to somebody who may not see them."""
    try:
        people = {one.id: one.email for one in client.identities.people()}
        return people | {one.id: one.name for one in client.identities.accounts()}
    except TenutoError as error:
        if error.fault.kind is not FaultKind.FORBIDDEN:
            raise
        return {}


def kinds_of_things(found: Sequence[Kind]) -> list[Line]:
    rows = [(kind.name, kind.level, kind.summary) for kind in found]
    return table(["KIND", "LIVES IN THE", "WHAT IT IS"], rows, empty="no kinds")


def runs(found: Sequence[Run]) -> list[Line]:
    rows = [
        (one.id, one.pipeline, one.status, one.actor.name, short_time(one.created_at), _lasted(one))
        for one in found
    ]
    return table(["ID", "PIPELINE", "STATUS", "BY", "SUBMITTED", "SECONDS"], rows, empty="no runs")


def models(found: Sequence[ModelVersion]) -> list[Line]:
    rows = [
        (one.name, one.version, one.stage, one.format, one.digest[:_SHORT_DIGEST], short_time(one.created_at))
        for one in found
    ]
    headers = ["NAME", "VERSION", "STAGE", "FORMAT", "DIGEST", "REGISTERED"]
    return table(headers, rows, empty="no models")


def datasets(found: Sequence[DatasetVersion]) -> list[Line]:
    rows = [
        (
            one.name,
            one.version,
            one.rows,
            len(one.schema),
            one.digest[:_SHORT_DIGEST],
            short_time(one.created_at),
        )
        for one in found
    ]
    headers = ["NAME", "VERSION", "ROWS", "COLUMNS", "DIGEST", "REGISTERED"]
    return table(headers, rows, empty="no datasets")


def approvals(found: Sequence[Approval]) -> list[Line]:
    rows = [
        (one.subject_kind, one.subject_name, one.state, one.subject_digest, short_time(one.created_at))
        for one in found
    ]
    return table(["KIND", "NAME", "STATE", "DIGEST", "ASKED"], rows, empty="nothing waits for a decision")


def dataset_lines(found: DatasetVersion) -> Iterator[Line]:
    yield from facts(
        [
            ("dataset", f"{found.name}@{found.version}"),
            ("digest", found.digest),
            ("rows", found.rows),
            ("registered", short_time(found.created_at)),
        ]
    )
    for title, value in (("schema", found.schema), ("provenance", found.provenance)):
        yield from _block(title, value)


def model_lines(found: ModelVersion) -> Iterator[Line]:
    yield from facts(
        [
            ("model", f"{found.name}@{found.version}"),
            ("stage", found.stage),
            ("format", found.format),
            ("digest", found.digest),
            ("made by", found.producer),
            ("registered", short_time(found.created_at)),
        ]
    )
    if found.metrics:
        yield from _block("metrics", found.metrics)
    yield from evidence_lines(found)
    if found.gate is not None:
        yield from gate_lines(found.gate)


def evidence_lines(found: ModelVersion) -> Iterator[Line]:
    yield Styled("evidence:", "bold")
    yield from (f"  {one.kind:12} {one.digest}" for one in found.evidence)


def gate_lines(gate: GateReport) -> Iterator[Line]:
    verdict = "passed" if gate.passed else "not passed"
    yield Styled(
        f"gate {gate.gate}, version {gate.gate_version}: {verdict}", "green" if gate.passed else "red"
    )
    for check in gate.checks:
        yield Styled(
            f"  {check.result:8} {check.name}: {check.detail}", "" if check.result == _PASSED else "red"
        )


def run_lines(detail: RunDetail) -> Iterator[Line]:
    run = detail.run
    yield from facts(
        [
            ("run", run.id),
            ("pipeline", run.pipeline),
            ("status", run.status),
            ("by", run.actor.name),
            ("code", run.code),
            ("submitted", short_time(run.created_at)),
            ("finished", short_time(run.finished_at) or None),
            ("fault", run.fault),
        ]
    )
    given = {name: value.text or value.digest for name, value in run.parameters.items()}
    if given:
        yield Styled("parameters:", "bold")
        yield from (f"  {name} = {text}" for name, text in given.items())
    yield from task_lines(ordered_tasks(detail))
    if detail.results:
        yield from _block("results", {name: _result(value) for name, value in detail.results.items()})


def ordered_tasks(detail: RunDetail) -> list[Task]:
    """Return the tasks in the order in which their nodes stand in the pipeline."""
    order = {node["name"]: index for index, node in enumerate(detail.run.graph.get("nodes", []))}
    return sorted(detail.tasks, key=lambda task: (order.get(task.task.node, len(order)), task.task.item or 0))


def task_lines(tasks: Sequence[Task]) -> Iterator[Line]:
    rows = [
        (task_name(task), task.state.status, task.executions, task.cache, _seconds(task), "; ".join(task.why))
        for task in tasks
    ]
    yield from table(["TASK", "STATUS", "RAN", "CACHE", "SECONDS", "WHY"], rows, empty="no task has begun")
    for task in tasks:
        error = task.state.error
        if error is not None:
            yield Styled(f"{task_name(task)}: {error.type}: {error.message}", "red")
            yield from _trace(error)


def _trace(error: StepError) -> Iterator[Line]:
    """Tell where a step failed: the author's own frames come first, what they called last."""
    lines = error.traceback.splitlines()
    left_out = len(lines) - 2 * _FRAME_LINES
    if left_out > 0:
        lines[_FRAME_LINES:-_FRAME_LINES] = [f"  ({left_out} lines are left out)"]
    yield from (f"  {line}" for line in lines)


def place_of(error: StepError) -> str:
    """Return file and line of the author's code that ran last, or nothing where none is known."""
    found = _OWN_FRAME.findall(error.traceback)
    return f"{found[-1][0]}, line {found[-1][1]}" if found else ""


def task_name(task: Task) -> str:
    return task.task.node if task.task.item is None else f"{task.task.node}[{task.task.item}]"


def status_style(status: str) -> str:
    return _STYLES.get(status, "")


def _result(value: Any) -> Any:
    """Return a small result itself, of a large one the address of its content."""
    if isinstance(value, dict) and value.get("text") is not None:
        return msgspec.json.decode(value["text"])
    return value.get("digest", value) if isinstance(value, dict) else value


def _block(title: str, value: Any) -> Iterator[Line]:
    yield Styled(f"{title}:", "bold")
    yield from (f"  {line}" for line in write_value(value).splitlines())


def _seconds(task: Task) -> str:
    return f"{task.usage.wall_seconds:.1f}" if task.usage else "-"


def _lasted(run: Run) -> str:
    if run.started_at is None or run.finished_at is None:
        return "-"
    return f"{(run.finished_at - run.started_at).total_seconds():.1f}"
