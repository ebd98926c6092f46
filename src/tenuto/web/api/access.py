"""Roles and explanations over HTTP."""

from __future__ import annotations

import msgspec

from tenuto.core.words import ActorKind, Ref, Scope
from tenuto.govern.access import use_cases
from tenuto.govern.access.queries import Granted
from tenuto.govern.policy import Explanation
from tenuto.govern.use_case import Desk
from tenuto.registry import use_cases as registry
from tenuto.web.api.scopes import any_scope, services_of
from tenuto.web.registry.words import PLAIN_READ, Route
from tenuto.web.words import Call, Input

_TAG = "access"


class GrantBody(Input, frozen=True, kw_only=True):
    """``subject`` is a person's e-mail address or id, or a service account's name."""

    subject: str
    role: str
    subject_kind: ActorKind = ActorKind.PERSON
    resource_kind: str | None = None
    resource_id: str | None = None


class ExplainBody(Input, frozen=True, kw_only=True):
    """May ``subject`` do ``action`` to this resource, and why?"""

    subject: str
    action: str
    subject_kind: ActorKind = ActorKind.PERSON
    resource_kind: str = "Workspace"
    resource_id: str = ""
    resource_name: str = ""


class Bindings(msgspec.Struct, frozen=True):
    items: list[Granted]


def bindings(call: Call, _body: None, _query: None) -> Bindings:
    return Bindings(use_cases.bindings(services_of(call).desk, any_scope(call)))


def grant(call: Call, body: GrantBody, _query: None) -> Granted:
    services = services_of(call)
    return use_cases.grant(
        services.desk,
        any_scope(call),
        decider=services.decider,
        subject_kind=body.subject_kind.value,
        subject=body.subject,
        role=body.role,
        resource_kind=body.resource_kind,
        resource_id=body.resource_id,
    )


def revoke(call: Call, _body: None, _query: None) -> Granted:
    return use_cases.revoke(services_of(call).desk, any_scope(call), binding_id=call.path["binding"])


def explain(call: Call, body: ExplainBody, _query: None) -> Explanation:
    services, scope = services_of(call), any_scope(call)
    return use_cases.explain(
        services.desk,
        scope,
        decider=services.decider,
        subject_kind=body.subject_kind.value,
        subject=body.subject,
        action=body.action,
        resource=_asked_about(services.desk, scope, body),
    )


def _asked_about(desk: Desk, scope: Scope, body: ExplainBody) -> Ref:
    """Return what is asked about. A model version that is named is loaded: its authors decide about it too."""
    name, at, version = body.resource_name.rpartition("@")
    if body.resource_kind == "ModelVersion" and at and version.isdecimal():
        return registry.model(desk, scope, name=name, version=int(version)).ref
    resource_id = body.resource_id or scope.workspace or "organisation"
    return Ref(body.resource_kind, resource_id, body.resource_name, scope.workspace)


def routes() -> list[Route]:
    return [
        Route(
            "GET",
            "/api/v1/bindings",
            handler=bindings,
            summary="Who holds which role",
            action="govern:role_binding:read",
            resource="RoleBinding",
            audit=PLAIN_READ,
            response=Bindings,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/bindings",
            handler=grant,
            summary="Give somebody a role",
            action="govern:role_binding:grant",
            resource="RoleBinding",
            audit="access.changed",
            body=GrantBody,
            response=Granted,
            tag=_TAG,
        ),
        Route(
            "DELETE",
            "/api/v1/bindings/{binding}",
            handler=revoke,
            summary="Take a role away",
            action="govern:role_binding:revoke",
            resource="RoleBinding",
            audit="access.changed",
            response=Granted,
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/explain",
            handler=explain,
            summary="Why somebody may or may not do something",
            action="govern:policy:explain",
            resource="Workspace",
            audit="policy.explained",
            body=ExplainBody,
            response=Explanation,
            tag=_TAG,
        ),
    ]
