"""The pages of runs."""

from __future__ import annotations

from typing import Any

from tenuto.core.digests import digest_of
from tenuto.core.words import Scope
from tenuto.pipelines import use_cases
from tenuto.pipelines.records import RunDetail
from tenuto.pipelines.words import TaskStatus
from tenuto.web.api.scopes import services_of
from tenuto.web.pages.declaring import FOLLOWS, form, page
from tenuto.web.pages.names import names_of
from tenuto.web.pages.place import allowed, working_scope
from tenuto.web.pages.runs.steps import ended_otherwise, progress_mark, step_lines
from tenuto.web.registry.words import Group, Nav, Route
from tenuto.web.words import Call, Flash, FlashKind, Live, LiveEvent, Redirect, Tick, View

_READ = "pipelines:run:read"
_ONE = "runs/one.html"
_GOING_ON = frozenset({"queued", "running"})


def listing(call: Call, _body: None, _query: None) -> View:
    found = use_cases.runs(services_of(call).desk, working_scope(call))
    return View("runs/list.html", {"runs": found}, title="runs.title")


def one(call: Call, _body: None, _query: None) -> View:
    scope = working_scope(call)
    values = _values(call, scope) | {"names": names_of(call)}
    return View(_ONE, values, title="runs.one.title", title_values={"name": values["run"].pipeline})


def follow(call: Call, _body: None, _query: None) -> Live:
    """Show the run again whenever anything in it moved, until it has ended."""
    scope = working_scope(call)

    def read(cursor: str) -> Tick:
        values = _values(call, scope)
        ended = not values["going_on"]
        mark = digest_of(progress_mark(values["detail"]).encode())
        if mark == cursor and not ended:
            return Tick(cursor)
        return Tick(mark, (LiveEvent(View(_ONE, values, fragment="progress")),), done=ended)

    return Live(read)


def logs(call: Call, _body: None, _query: None) -> View:
    desk, scope, run_id = services_of(call).desk, working_scope(call), call.path["run"]
    detail = use_cases.run(desk, scope, run_id=run_id)
    found = use_cases.logs(desk, scope, run_id=run_id)
    values = {"run": detail.run, "logs": [(node, text) for node, text in found if text.strip()]}
    return View("runs/logs.html", values, title="runs.logs.title")


def cancel(call: Call, _body: None, _query: None) -> Redirect:
    run_id = call.path["run"]
    told = use_cases.cancel(services_of(call).desk, working_scope(call), run_id=run_id)
    said = "runs.cancel.ended" if told.finished_at else "runs.cancel.asked"
    return Redirect(f"/runs/{run_id}", flash=Flash(said, kind=FlashKind.NOTE))


def _values(call: Call, scope: Scope) -> dict[str, Any]:
    detail: RunDetail = use_cases.run(services_of(call).desk, scope, run_id=call.path["run"])
    going_on = detail.run.status in _GOING_ON
    steps = step_lines(detail)
    return {
        "detail": detail,
        "run": detail.run,
        "steps": steps,
        "succeeded": sum(line.status is TaskStatus.SUCCEEDED for line in steps),
        "ended_otherwise": ended_otherwise(steps),
        "going_on": going_on,
        "may_cancel": going_on
        and not detail.run.cancelled
        and allowed(call, scope, "pipelines:run:cancel", "Run", detail.run.id),
    }


def routes() -> list[Route]:
    address = "/runs/{run}"
    return [
        page(
            "/runs",
            listing,
            "Runs, newest first",
            action=_READ,
            resource="Run",
            title="runs.title",
            nav=Nav(Group.BUILD, "runs.title", "run", order=2),
        ),
        page(address, one, "One run", action=_READ, resource="Run", title="runs.title"),
        page(
            f"{address}/live",
            follow,
            "One run as it goes",
            action=_READ,
            resource="Run",
            audit=FOLLOWS,
            title="runs.title",
        ),
        page(
            f"{address}/logs",
            logs,
            "What the steps of a run printed",
            action=_READ,
            resource="Run",
            title="runs.logs.title",
        ),
        form(
            f"{address}/cancel",
            cancel,
            "Stop a run soon",
            action="pipelines:run:cancel",
            resource="Run",
            audit="run.cancel_requested",
            title="runs.title",
        ),
    ]
