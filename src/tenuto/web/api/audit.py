"""The audit log over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from tenuto.govern.audit import use_cases
from tenuto.govern.audit.use_cases import Entry, Filter
from tenuto.govern.verify import Report
from tenuto.web.api.scopes import any_scope, organisation_scope, services_of
from tenuto.web.registry.paging import Page, PageQuery, page_of
from tenuto.web.registry.words import NotAudited, Public, Route
from tenuto.web.words import Call, Stream

_TAG = "audit"


class AuditQuery(PageQuery, frozen=True, kw_only=True):
    actor: str = ""
    action: str = ""
    resource_kind: str = ""
    resource: str = ""
    request_id: str = ""
    effect: str = ""


class PublicKey(msgspec.Struct, frozen=True):
    """The line that offline verification needs."""

    key: str


def entries(call: Call, _body: None, query: AuditQuery) -> Page[Entry]:
    last = query.key(str, str)
    wanted = Filter(
        actor=query.actor,
        action=query.action,
        resource_kind=query.resource_kind,
        resource=query.resource,
        request_id=query.request_id,
        effect=query.effect,
        before=(datetime.fromisoformat(str(last[0])), str(last[1])) if last else None,
        limit=query.limit + 1,
    )
    found = use_cases.entries(services_of(call).desk, any_scope(call), wanted=wanted)
    return page_of(found, query.limit, lambda entry: (entry.record.time, entry.record.id))


def verify(call: Call, _body: None, _query: None) -> Report:
    services = services_of(call)
    return use_cases.verify(
        services.desk,
        organisation_scope(call),
        witness=services.witness,
        catch_up=services.checkpoint_now,
    )


def export(call: Call, _body: None, _query: None) -> Stream:
    services = services_of(call)
    target = services.scratch / f"audit-{call.request_id}.zip"
    try:
        use_cases.export(
            services.desk,
            organisation_scope(call),
            witness=services.witness,
            target=target,
            catch_up=services.checkpoint_now,
        )
    except BaseException:
        target.unlink(missing_ok=True)  # a log that nobody was recorded to have taken out
        raise
    return Stream(_once(target), "application/zip", "audit.zip")


def public_key(call: Call, _body: None, _query: None) -> PublicKey:
    return PublicKey(str(services_of(call).witness.key))


def _once(target: Path) -> Iterator[bytes]:
    """Send a file that was made for this answer, and remove it, however the sending ends."""
    try:
        with target.open("rb") as source:
            while chunk := source.read(1 << 20):
                yield chunk
    finally:
        target.unlink(missing_ok=True)


def routes() -> list[Route]:
    return [
        Route(
            "GET",
            "/api/v1/audit",
            handler=entries,
            summary="Records of the audit log, newest first",
            action="govern:audit:read",
            resource="AuditLog",
            audit="audit.read",
            query=AuditQuery,
            response=Page[Entry],
            tag=_TAG,
        ),
        Route(
            "POST",
            "/api/v1/audit/verify",
            handler=verify,
            summary="Verify the whole log against itself and against the newest outside checkpoint",
            action="govern:audit:verify",
            resource="AuditLog",
            audit="audit.verified",
            response=Report,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/audit/export",
            handler=export,
            summary="The whole log as a bundle that verifies offline",
            action="govern:audit:export",
            resource="AuditLog",
            audit="audit.exported",
            response=Stream,
            tag=_TAG,
        ),
        Route(
            "GET",
            "/api/v1/audit/key",
            handler=public_key,
            summary="The public key that checkpoints are verified with",
            public=Public("a public key is public"),
            audit=NotAudited("a public key is public"),
            response=PublicKey,
            tag=_TAG,
        ),
    ]
