"""Waiting for what follows by itself: a settlement reaches the ledger a moment after its answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TypeVar

from tenuto.cli.demo.stage import Stage
from tenuto.client.words import AuditEntry, LedgerRow

T = TypeVar("T")

_PAGE = 200


def until(stage: Stage, read: Callable[[], T], enough: Callable[[T], bool]) -> T:
    """Read until it is enough or the stage's patience ends; return what was read last."""
    deadline = time.monotonic() + stage.patience
    while not enough(found := read()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def booked_rows(stage: Stage, requests: Collection[str]) -> list[LedgerRow]:
    """Return what the ledger has of these calls, as the approver's Python client reads it."""
    wanted = set(requests)

    def read() -> list[LedgerRow]:
        return [row for row in whole_ledger(stage) if row.request_id in wanted]

    return until(stage, read, lambda found: len(found) == len(wanted))


def whole_ledger(stage: Stage) -> list[LedgerRow]:
    """Return every row, oldest first."""
    rows: list[LedgerRow] = []
    after: str | None = None
    while True:
        page = stage.approver.client.spend.ledger(limit=_PAGE, after=after)
        rows += page.items
        if (after := page.next) is None or not page.items:
            return rows[::-1]


def denials_of(stage: Stage, request: str) -> list[AuditEntry]:
    """Return the refusals that the audit log has of one request, as the owner's Python client reads it."""

    def read() -> list[AuditEntry]:
        return stage.owner.client.audit.entries(request_id=request, effect="deny").items

    return until(stage, read, bool)
