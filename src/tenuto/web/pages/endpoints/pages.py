"""The pages of endpoints."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from tenuto.govern.resources import use_cases as resources
from tenuto.web.api.scopes import services_of
from tenuto.web.faults import status_of
from tenuto.web.pages.declaring import form, page
from tenuto.web.pages.endpoints.reading import KIND, history, line, lines, model_behind, sample_of
from tenuto.web.pages.names import names_of
from tenuto.web.pages.place import allowed, working_scope
from tenuto.web.registry.words import Group, Nav, Refusal, Route
from tenuto.web.words import Call, Flash, Input, Redirect, View

ENDPOINTS = "/endpoints"
_READ = "govern:resource:read"


class RollbackForm(Input, frozen=True, kw_only=True):
    """``revision`` is what the reader saw last: the endpoint goes back to it, whatever was declared meanwhile."""

    revision: Annotated[int, msgspec.Meta(ge=1)]


class TryForm(Input, frozen=True, kw_only=True):
    body: Annotated[str, msgspec.Meta(min_length=2, max_length=200_000)]


def listing(call: Call, _body: None, _query: None) -> View:
    scope = working_scope(call)
    values = {"endpoints": lines(call, scope), "names": names_of(call)}
    return View("endpoints/list.html", values, title="endpoints.title")


def one(call: Call, _body: None, _query: None) -> View:
    return _shown(call)


def _shown(call: Call, *, status: int | None = None, **more: Any) -> View:
    services, scope, name = services_of(call), working_scope(call), call.path["name"]
    stored = resources.get(services.desk, scope, kinds=services.kinds, kind=KIND, name=name)
    found = line(call, stored)
    model = model_behind(call, scope, found)
    may_apply = allowed(call, scope, "govern:resource:apply", KIND)
    values: dict[str, Any] = {
        "endpoint": found,
        "model": model,
        "history": history(call, scope, name),
        "names": names_of(call),
        "address": f"{services.address}/v2/models/{name}/infer",
        "sample": sample_of(model),
        "may_roll_back": may_apply and allowed(call, scope, "serving:endpoint:deploy", KIND),
        "may_try": allowed(call, scope, "serving:endpoint:invoke", KIND, stored.id),
        "trial": None,
        "refusal": None,
    }
    return View(
        "endpoints/one.html",
        values | more,
        title="endpoints.one.title",
        title_values={"name": name},
        status=status,
    )


def roll_back(call: Call, body: RollbackForm, _query: None) -> Redirect:
    services, scope, name = services_of(call), working_scope(call), call.path["name"]
    resources.rollback(
        services.desk, scope, kinds=services.kinds, kind=KIND, name=name, version=body.revision
    )
    return Redirect(f"{ENDPOINTS}/{name}", flash=Flash("models.rolled_back", {"endpoint": name}))


def predict(call: Call, body: TryForm, _query: None) -> View:
    trial = services_of(call).endpoints.predict(working_scope(call), call.path["name"], body.body.encode())
    return _shown(call, trial=trial, sample=body.body)


def refused(call: Call, refusal: Refusal) -> View:
    return _shown(call, refusal=refusal, status=status_of(refusal.error))


def routes() -> list[Route]:
    address = f"{ENDPOINTS}/{{name}}"
    return [
        page(
            ENDPOINTS,
            listing,
            "Endpoints and what answers under each",
            action=_READ,
            resource=KIND,
            title="endpoints.title",
            nav=Nav(Group.DEPLOY, "endpoints.title", "endpoint"),
        ),
        page(
            address,
            one,
            "An endpoint with its state, its history and how to ask it",
            action=_READ,
            resource=KIND,
            title="endpoints.title",
        ),
        form(
            f"{address}/rollback",
            roll_back,
            "Go back to an earlier version",
            action="serving:endpoint:rollback",
            resource=KIND,
            audit="endpoint.deployed",
            title="endpoints.title",
            body=RollbackForm,
            when_refused=refused,
        ),
        form(
            f"{address}/try",
            predict,
            "Ask for one prediction",
            action="serving:endpoint:invoke",
            resource=KIND,
            audit="endpoint.tried",
            title="endpoints.title",
            body=TryForm,
            when_refused=refused,
        ),
    ]
