"""Approvals: what waits for a person, and everything that person has to see before deciding."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from tenuto.core.words import Scope
from tenuto.govern.access.asking import why_me
from tenuto.govern.approvals.words import Approval, ApprovalState
from tenuto.registry import use_cases
from tenuto.registry.words import ModelVersion
from tenuto.web.api.scopes import services_of
from tenuto.web.faults import status_of
from tenuto.web.pages.comparing import compared, differing
from tenuto.web.pages.declaring import form, page
from tenuto.web.pages.models import attested, author_names, current_version, in_traffic
from tenuto.web.pages.names import names_of
from tenuto.web.pages.place import working_scope
from tenuto.web.registry.words import Group, Nav, Refusal, Route
from tenuto.web.words import Call, Flash, FlashKind, Input, Redirect, View

_READ = "registry:approval:read"


class DecisionForm(Input, frozen=True, kw_only=True):
    """``digest`` is the one the page showed: if it has moved on since, nothing is approved."""

    digest: Annotated[str, msgspec.Meta(max_length=100)]
    comment: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class RefusalForm(DecisionForm, frozen=True, kw_only=True):
    comment: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


def listing(call: Call, _body: None, _query: None) -> View:
    every = use_cases.pending(services_of(call).desk, working_scope(call), state=None)
    values = {
        "waiting": [one for one in every if one.state is ApprovalState.WAITING],
        "decided": [one for one in every if one.state is not ApprovalState.WAITING],
        "names": names_of(call),
    }
    return View("approvals/list.html", values, title="approvals.title")


def one(call: Call, _body: None, _query: None) -> View:
    return _shown(call)


def approve(call: Call, body: DecisionForm, _query: None) -> Redirect:
    services, scope = services_of(call), working_scope(call)
    name, version = _subject(call, scope)
    use_cases.approve(
        services.desk, scope, name=name, version=version, digest=body.digest, comment=body.comment
    )
    return _decided(call, Flash("approvals.approved", {"name": f"{name}@{version}"}))


def refuse(call: Call, body: RefusalForm, _query: None) -> Redirect:
    services, scope = services_of(call), working_scope(call)
    name, version = _subject(call, scope)
    use_cases.refuse(
        services.desk, scope, name=name, version=version, digest=body.digest, comment=body.comment
    )
    return _decided(call, Flash("approvals.refused", {"name": f"{name}@{version}"}, FlashKind.NOTE))


def refused(call: Call, refusal: Refusal) -> View:
    return msgspec.structs.replace(_shown(call, refusal), status=status_of(refusal.error))


def _decided(call: Call, flash: Flash) -> Redirect:
    return Redirect(f"/approvals/{call.path['approval']}", flash=flash)


def _shown(call: Call, refusal: Refusal | None = None) -> View:
    services, scope = services_of(call), working_scope(call)
    approval = use_cases.approval(services.desk, scope, approval_id=call.path["approval"])
    version = _version(call, scope, approval)
    traffic = in_traffic(call, scope, version.name)
    current = current_version(call, scope, traffic, version)
    values: dict[str, Any] = {
        "approval": approval,
        "model": version,
        "attested": attested(call, version),
        "current": current,
        "metrics": compared(version, current),
        "differences": differing(version, current),
        "names": author_names(call, scope, version),
        "why": why_me(services.desk, scope, services.decider, use_cases.APPROVE, version.ref),
        "refusal": refusal,
    }
    title_values: dict[str, str | int] = {"name": approval.subject_name}
    return View("approvals/one.html", values, title="approvals.one.title", title_values=title_values)


def _version(call: Call, scope: Scope, approval: Approval) -> ModelVersion:
    name, _, version = approval.subject_name.rpartition("@")
    return use_cases.model(services_of(call).desk, scope, name=name, version=int(version))


def _subject(call: Call, scope: Scope) -> tuple[str, int]:
    approval = use_cases.approval(services_of(call).desk, scope, approval_id=call.path["approval"])
    name, _, version = approval.subject_name.rpartition("@")
    return name, int(version)


def routes() -> list[Route]:
    address = "/approvals/{approval}"
    return [
        page(
            "/approvals",
            listing,
            "What waits for a decision, and what was decided",
            action=_READ,
            resource="Approval",
            title="approvals.title",
            nav=Nav(Group.MODELS, "approvals.title", "approval", order=2),
        ),
        page(
            address,
            one,
            "One approval with all that speaks for and against it",
            action=_READ,
            resource="Approval",
            title="approvals.title",
        ),
        form(
            f"{address}/approve",
            approve,
            "Approve exactly what the page showed",
            action=use_cases.APPROVE,
            resource="ModelVersion",
            audit="model.approved",
            title="approvals.title",
            body=DecisionForm,
            when_refused=refused,
        ),
        form(
            f"{address}/refuse",
            refuse,
            "Refuse the version",
            action=use_cases.APPROVE,
            resource="ModelVersion",
            audit="model.refused",
            title="approvals.title",
            body=RefusalForm,
            when_refused=refused,
        ),
    ]
