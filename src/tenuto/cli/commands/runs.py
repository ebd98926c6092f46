"""Running pipelines: ``run``, ``logs``, ``cancel``."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from tenuto.cli.errors import PARAMETER_INVALID, PIPELINE_UNCLEAR, PROJECT_INVALID, RUN_NOT_SUCCEEDED
from tenuto.cli.following import follow
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import Line, Styled, note, print_json, print_lines, show
from tenuto.cli.progress import working
from tenuto.cli.session import platform, require_workspace
from tenuto.cli.telling import run_lines
from tenuto.client.api import Tenuto
from tenuto.client.authoring import Pipeline, load_pipelines
from tenuto.client.words import Items, Log, LogLine, Run, RunDetail
from tenuto.core import typed_json
from tenuto.core.errors import TenutoError
from tenuto.core.graph import Graph, to_json
from tenuto.core.graph import Parameter as Declared
from tenuto.core.value_types import Kind, ValueType, members

_SUCCEEDED = "succeeded"
_SOURCES = "src"
_STREAM_STYLES = {"stderr": "yellow", "tenuto": "dim"}


def run(
    pipeline: str,
    /,
    *,
    param: Annotated[list[str] | None, Parameter(alias="-p", negative="", show_default=False)] = None,
    seed: int = 0,
    project: Annotated[Path | None, Parameter(show_default=False)] = None,
    follow_run: Annotated[bool, Parameter(name="--follow", negative="", show_default=False)] = False,
    options: Platform = ANY_PLATFORM,
) -> None:
    """Run a pipeline of a file on the platform.

    The file is read here to learn how its steps are wired; then its project folder is uploaded and a worker
    runs it. Caches, environments, version control and files that look like secrets stay here. With `--follow`
    the command shows each step and ends when the run does, with exit code 1 if it did not succeed.

        tenuto run pipeline.py --workspace lab
        tenuto run train.py:nightly --param depth=6 --param dataset=churn --follow --workspace lab

    Args:
        pipeline: FILE, or FILE:PIPELINE where the file has several.
        param: A parameter of the pipeline, as NAME=VALUE, once for each.
        seed: The number that randomness in the steps is derived from.
        project: The folder that is uploaded; otherwise the one that the file is imported from.
        follow_run: Show the progress, and wait for the end.
    """
    require_workspace(options)
    file, _, name = pipeline.partition(":")
    place = Path(file).resolve()
    root = project.resolve() if project is not None else _project_of(place)
    graph = _chosen(load_pipelines(place, root), name, file).graph()
    parameters = _parameters(graph, param or [])
    with platform(options) as client:
        code = _upload(client, root, options)
        submitted = client.runs.submit(to_json(graph), code=code, parameters=parameters, seed=seed)
        if not follow_run:
            show(submitted, _submitted, as_json=options.json)
            return
        if not options.json:
            note(f"run {submitted.id}")
        detail = follow(client, submitted.id, as_json=options.json)
    _conclude(detail, options)


def logs(
    run_id: Annotated[str, Parameter(name="RUN")],
    /,
    *,
    step: Annotated[str | None, Parameter(show_default=False)] = None,
    options: Platform = ANY_PLATFORM,
) -> None:
    """Print what the steps of a run printed, in the order they ended.

    For example:

        tenuto logs 0193f2c4-7d1e-7a52-8e0c-6b1f0d2a9c11 --workspace lab
        tenuto logs 0193f2c4-7d1e-7a52-8e0c-6b1f0d2a9c11 --step train --workspace lab

    Args:
        run_id: The id of the run.
        step: Only this step, by its name in the run.
    """
    with platform(options) as client:
        found = client.runs.logs(run_id, node=step)
    show(Items(found), lambda told: _logs(told.items), as_json=options.json)


def cancel(run_id: Annotated[str, Parameter(name="RUN")], /, *, options: Platform = ANY_PLATFORM) -> None:
    """Stop a run soon: what runs is ended, what waits is not started.

    For example:

        tenuto cancel 0193f2c4-7d1e-7a52-8e0c-6b1f0d2a9c11 --workspace lab

    Args:
        run_id: The id of the run.
    """
    with platform(options) as client:
        told = client.runs.cancel(run_id)
    show(told, _cancelled, as_json=options.json)


def _cancelled(told: Run) -> list[Line]:
    if told.finished_at is not None:
        return [f"run {told.id} had already ended: {told.status}"]
    return [f"run {told.id} was {told.status}; it stops soon"]


def _project_of(file: Path) -> Path:
    """Return the folder that a file is imported from: above its package, and above ``src``."""
    if not file.is_file():
        raise TenutoError(PROJECT_INVALID, f"{file}: there is no such file")
    folder = file.parent
    while (folder / "__init__.py").exists():
        folder = folder.parent
    return folder.parent if folder.name == _SOURCES else folder


def _chosen(found: dict[str, Pipeline[..., object]], name: str, file: str) -> Pipeline[..., object]:
    if name in found:
        return found[name]
    if not name and len(found) == 1:
        [only] = found.values()
        return only
    known = ", ".join(sorted(found)) or "none"
    raise TenutoError(PIPELINE_UNCLEAR, f"{file} defines: {known}")


def _parameters(graph: Graph, given: Sequence[str]) -> dict[str, str]:
    """Return typed JSON by name. What is missing or not known the platform says, as it says it to others."""
    declared = {one.name: one for one in graph.parameters}
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in declared:
            known = ", ".join(sorted(declared)) or "none"
            raise TenutoError(PARAMETER_INVALID, f"`{text}`; parameters of `{graph.name}`: {known}")
        found[name] = _typed(declared[name], value)
    return found


def _typed(declared: Declared, text: str) -> str:
    """Return the value that a text means: text where text is taken, else what it spells as JSON."""
    kinds = {one.kind for one in members(declared.type)}
    if kinds == {Kind.TEXT}:
        return typed_json.encode(text, declared.type)
    try:
        return typed_json.encode(typed_json.decode(text), declared.type)
    except TenutoError as error:
        if Kind.TEXT in kinds:
            return typed_json.encode(text, declared.type)
        detail = f"`{declared.name}` is {_told(declared.type)}, not `{text}`"
        raise TenutoError(PARAMETER_INVALID, detail, field=declared.name) from error


def _told(value_type: ValueType) -> str:
    return str(value_type)


def _upload(client: Tenuto, root: Path, options: Platform) -> str:
    """Pack the project, send it, and return the digest it is known by."""
    from tenuto.pipelines.code.folder import pack_project

    with tempfile.TemporaryDirectory(prefix="tenuto-") as folder:
        archive = Path(folder) / "project.tar"
        with working(f"packing {root.name}", as_json=options.json):
            packed = pack_project(root, archive)
        with (
            working(f"uploading {packed.files} files, {packed.size} bytes", as_json=options.json),
            archive.open("rb") as content,
        ):
            return client.runs.upload_code(content, packed.size, name=root.name).digest


def _conclude(detail: RunDetail, options: Platform) -> None:
    """Print how a run ended. Raises when it did not succeed, so that the exit code says so too."""
    if options.json:
        print_json(detail)
    else:
        print_lines(run_lines(detail))
    if detail.run.status != _SUCCEEDED:
        raise TenutoError(RUN_NOT_SUCCEEDED, f"{detail.run.id} {detail.run.status}", run=detail.run.id)


def _submitted(run: Run) -> list[Line]:
    return [f"run {run.id} of {run.pipeline} is {run.status}", f"follow it: tenuto describe run {run.id}"]


def _logs(found: Sequence[Log]) -> list[Line]:
    lines: list[Line] = []
    for log in found:
        lines.append(Styled(f"--- {log.node}", "bold"))
        lines += map(_log_line, log.text.splitlines())
    return lines or ["nothing was printed"]


def _log_line(text: str) -> Line:
    line = msgspec.json.decode(text, type=LogLine)
    return Styled(line.text, _STREAM_STYLES.get(line.stream, ""))
