"""Refused calls into the audit log, in batches, beside the hot path.

Calls that were made are recorded with their settlement. What is recorded here is who was refused what, and why.
"""

from __future__ import annotations

import logging
import queue
import threading

from tenuto.core.errors import TenutoError
from tenuto.core.words import ANONYMOUS, Effect, Ref, Scope, Verdict
from tenuto.gateway.words.calls import CallRecord, CallStatus
from tenuto.govern.audit.writing import Entry
from tenuto.govern.use_case import Desk, record_alone

_log = logging.getLogger(__name__)
_LARGEST = 10_000
_ACTION = "gateway:call:invoke"


class RefusedCalls:
    """Takes records without waiting. ``lost`` counts those that came while the queue was full."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._queue: queue.Queue[CallRecord | None] = queue.Queue(_LARGEST)
        self._writer = threading.Thread(target=self._write, name="refused-calls", daemon=True)
        self.lost = 0
        self._writer.start()

    def record(self, call: CallRecord) -> None:
        if call.outcome.status is not CallStatus.REFUSED:
            return
        try:
            self._queue.put_nowait(call)
        except queue.Full:
            self.lost += 1

    def close(self) -> None:
        """Write what is queued, then stop."""
        self._queue.put(None)
        self._writer.join(timeout=10)

    def _write(self) -> None:
        while (call := self._queue.get()) is not None:
            try:
                record_alone(self._desk, _scope(call), _entry(call))
            except TenutoError as error:
                self.lost += 1
                _log.warning("refusal.unrecorded fault=%s request_id=%s", error.fault.code, call.request_id)


def _scope(call: CallRecord) -> Scope:
    identity = call.identity
    if identity is None:
        return Scope(ANONYMOUS, None, call.request_id, call.source)
    return Scope(identity.actor, identity.workspace, call.request_id, call.source)


def _entry(call: CallRecord) -> Entry:
    name = call.route or call.door
    workspace = call.identity.workspace if call.identity else None
    verdict = Verdict(Effect.DENY, call.outcome.fault, call.outcome.fault, "gateway")
    key = call.identity.key_id if call.identity else ""
    return Entry(
        _ACTION, Ref("Route", name, name, workspace), verdict, "refused", {"key": key, "door": call.door}
    )
