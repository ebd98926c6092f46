"""The audit log."""

from __future__ import annotations

from pathlib import Path

from tenuto.client.api.calls import Calls, Request
from tenuto.client.words import AuditEntry, Page, PublicKey, Report


class Audit:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def entries(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        resource_kind: str | None = None,
        resource: str | None = None,
        request_id: str | None = None,
        effect: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[AuditEntry]:
        """Return records, newest first. ``actor`` and ``resource`` are ids."""
        query: dict[str, str | int | None] = {
            "actor": actor,
            "action": action,
            "resource_kind": resource_kind,
            "resource": resource,
            "request_id": request_id,
            "effect": effect,
            "limit": limit,
            "after": after,
        }
        return self._calls.send(Request("GET", "/api/v1/audit", query=query), Page[AuditEntry])

    def verify(self) -> Report:
        """Verify the whole log against itself and against the newest outside checkpoint."""
        return self._calls.send(Request("POST", "/api/v1/audit/verify"), Report)

    def export(self, target: Path) -> int:
        """Write the whole log to a new file that verifies offline. Returns its size in bytes."""
        return self._calls.download(Request("GET", "/api/v1/audit/export"), target)

    def key(self) -> str:
        """Return the public key that checkpoints are verified with."""
        return self._calls.send(Request("GET", "/api/v1/audit/key"), PublicKey).key
