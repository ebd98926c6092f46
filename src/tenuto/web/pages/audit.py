"""The audit log: look for records, see what is proven of one, verify all of it, take it out."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any
from urllib.parse import urlencode

import msgspec

from tenuto.core.words import Scope
from tenuto.govern.audit import use_cases
from tenuto.govern.audit.use_cases import Entry, Filter
from tenuto.web.api.audit import export
from tenuto.web.api.scopes import organisation_scope, services_of
from tenuto.web.pages.declaring import form, page
from tenuto.web.pages.names import names_of
from tenuto.web.pages.place import allowed, scope_in, standing
from tenuto.web.registry.paging import Page, PageQuery, page_of
from tenuto.web.registry.words import PLAIN_READ, Group, Nav, Route
from tenuto.web.words import Call, Input, View

_READ = "govern:audit:read"


class Where(Enum):
    """Records belong to one workspace or to the organisation itself."""

    WORKSPACE = "workspace"
    ORGANISATION = "organisation"


class AuditQuery(PageQuery, frozen=True, kw_only=True):
    where: Where = Where.WORKSPACE
    actor: str = ""
    action: str = ""
    resource_kind: str = ""
    request_id: str = ""
    effect: str = ""

    @property
    def filters(self) -> dict[str, str]:
        given = {
            "where": "" if self.where is Where.WORKSPACE else self.where.value,
            "actor": self.actor,
            "action": self.action,
            "resource_kind": self.resource_kind,
            "request_id": self.request_id,
            "effect": self.effect,
        }
        return {name: value for name, value in given.items() if value}


class PlaceQuery(Input, frozen=True, kw_only=True):
    where: Where = Where.WORKSPACE


def listing(call: Call, _body: None, query: AuditQuery) -> View:
    last = query.key(str, str)
    wanted = Filter(
        actor=query.actor,
        action=query.action,
        resource_kind=query.resource_kind,
        request_id=query.request_id,
        effect=query.effect,
        before=(datetime.fromisoformat(str(last[0])), str(last[1])) if last else None,
        limit=query.limit + 1,
    )
    found = use_cases.entries(services_of(call).desk, _scope(call, query.where), wanted=wanted)
    entries: Page[Entry] = page_of(found, query.limit, lambda entry: (entry.record.time, entry.record.id))
    values = {
        "entries": entries,
        "when": _when,
        "query": query,
        "filters": urlencode(query.filters),
        "actors": sorted(names_of(call).items(), key=lambda pair: pair[1]),
        "may_verify": _may(call, "govern:audit:verify"),
        "may_export": _may(call, "govern:audit:export"),
    }
    return View("audit/list.html", values, title="audit.title")


def one(call: Call, _body: None, query: PlaceQuery) -> View:
    services = services_of(call)
    found = use_cases.entry(
        services.desk, _scope(call, query.where), record_id=call.path["record"], witness=services.witness
    )
    record = found.entry.record
    values: dict[str, Any] = {
        "found": found,
        "record": record,
        "when": _when(found.entry),
        "detail": msgspec.json.format(msgspec.json.encode(record.detail)).decode(),
    }
    return View("audit/one.html", values, title="audit.one.title")


def ask_to_verify(_call: Call, _body: None, _query: None) -> View:
    return View("audit/verify.html", {"report": None}, title="audit.verify.title")


def verify(call: Call, _body: None, _query: None) -> View:
    """Verify now, with a checkpoint of this moment, and show the report."""
    services = services_of(call)
    report = use_cases.verify(
        services.desk, organisation_scope(call), witness=services.witness, catch_up=services.checkpoint_now
    )
    return View("audit/verify.html", {"report": report}, title="audit.verify.title")


def _scope(call: Call, where: Where) -> Scope:
    here = standing(call).here
    if where is Where.ORGANISATION or here is None:
        return organisation_scope(call)
    return scope_in(call, here)


def _may(call: Call, action: str) -> bool:
    return allowed(call, organisation_scope(call), action, "AuditLog", "log")


def _when(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry.record.time)


def routes() -> list[Route]:
    verifying = {
        "action": "govern:audit:verify",
        "resource": "AuditLog",
        "title": "audit.verify.title",
    }
    return [
        page(
            "/audit",
            listing,
            "Records of the audit log, newest first",
            action=_READ,
            resource="AuditLog",
            title="audit.title",
            audit="audit.read",
            query=AuditQuery,
            nav=Nav(Group.GOVERN, "audit.title", "audit", order=2),
        ),
        page(
            "/audit/records/{record}",
            one,
            "One audit record and what is proven of it",
            action=_READ,
            resource="AuditLog",
            title="audit.one.title",
            audit="audit.read",
            query=PlaceQuery,
        ),
        page("/audit/verify", ask_to_verify, "What verifying does", audit=PLAIN_READ, **verifying),
        form("/audit/verify", verify, "Verify the whole log now", audit="audit.verified", **verifying),
        page(
            "/audit/export",
            export,
            "The whole log as a bundle that verifies offline",
            action="govern:audit:export",
            resource="AuditLog",
            title="audit.title",
            audit="audit.exported",
        ),
    ]
