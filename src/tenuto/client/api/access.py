"""Roles, and why somebody may or may not."""

from __future__ import annotations

from tenuto.client.api.calls import Calls, Request
from tenuto.client.words import Explanation, Granted, Items


class Access:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def bindings(self) -> list[Granted]:
        """Return who holds which role."""
        return self._calls.send(Request("GET", "/api/v1/bindings"), Items[Granted]).items

    def grant(
        self,
        *,
        subject: str,
        role: str,
        subject_kind: str = "person",
        resource_kind: str | None = None,
        resource_id: str | None = None,
    ) -> Granted:
        """Give somebody a role, in the client's workspace or in the whole organisation when it has none."""
        body = {
            "subject": subject,
            "role": role,
            "subject_kind": subject_kind,
            "resource_kind": resource_kind,
            "resource_id": resource_id,
        }
        return self._calls.send(Request("POST", "/api/v1/bindings", body=body), Granted)

    def revoke(self, binding: str) -> Granted:
        return self._calls.send(
            Request("DELETE", "/api/v1/bindings/{binding}", {"binding": binding}), Granted
        )

    def explain(
        self,
        *,
        subject: str,
        action: str,
        subject_kind: str = "person",
        resource_kind: str = "Workspace",
        resource_id: str = "",
        resource_name: str = "",
    ) -> Explanation:
        """Say whether somebody may do something, and why."""
        body = {
            "subject": subject,
            "action": action,
            "subject_kind": subject_kind,
            "resource_kind": resource_kind,
            "resource_id": resource_id,
            "resource_name": resource_name,
        }
        return self._calls.send(Request("POST", "/api/v1/explain", body=body), Explanation)
