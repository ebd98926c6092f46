"""What is known of one model call, growing while it goes on: for its headers, its outcome, its record."""

from __future__ import annotations

from tenuto.gateway.document import CallRequest
from tenuto.gateway.rules import client_request_id
from tenuto.gateway.server.attempts import Attempts
from tenuto.gateway.server.doors import Door
from tenuto.gateway.server.parts import Parts
from tenuto.gateway.server.replies import header_text
from tenuto.gateway.server.transport import Exchange, Headers
from tenuto.gateway.words.accounting import NO_USAGE, Usage, UsageSource
from tenuto.gateway.words.calls import CallRecord, CallStatus, Outcome, Settlement
from tenuto.gateway.words.routing import Identity, Plan

_LONGEST_MODEL = 200


class CallFacts:
    def __init__(self, parts: Parts, exchange: Exchange, door: Door, request_id: str) -> None:
        self._clock = parts.clock
        self._door = door
        self._source = exchange.source
        self._path = exchange.path
        self._started = parts.clock.monotonic()
        self.request_id = request_id
        self.client_id = client_request_id(
            exchange.header("x-client-request-id") or exchange.header("x-request-id")
        )
        self.started_at = parts.clock.now()
        self.identity: Identity | None = None
        self.request: CallRequest | None = None
        self.plan: Plan | None = None
        self.attempts: Attempts | None = None
        self.status = CallStatus.REFUSED
        self.http_status = 0
        self.fault = ""
        self.receiving = 0.0  # seconds spent waiting for the caller's body
        self.first_content: float | None = None
        self.settlement = Settlement()

    def elapsed(self) -> float:
        return self._clock.monotonic() - self._started

    def headers(self) -> Headers:
        headers = [("x-request-id", self.request_id)]
        if self.client_id:
            headers.append(("x-client-request-id", self.client_id))
        if self.plan is not None:
            headers.append(("x-tenuto-route", header_text(self.plan.route.name)))
        attempts = self.attempts
        if attempts is not None and attempts.upstream is not None:
            headers.append(("x-tenuto-upstream", header_text(attempts.upstream.label)))
            headers.append(("x-tenuto-attempts", str(len(attempts.records))))
            if attempts.lost:
                headers.append(("x-tenuto-untranslated", header_text(", ".join(attempts.lost))))
        if self.settlement.cost is not None:
            headers.append(("x-tenuto-cost", str(self.settlement.cost)))
        return headers

    def outcome(self) -> Outcome:
        attempts, total = self.attempts, self.elapsed()
        waited = self.receiving + (attempts.waiting() if attempts else 0.0)
        return Outcome(
            self.status,
            self._usage(),
            attempts.upstream if attempts else None,
            tuple(attempts.records) if attempts else (),
            self.fault,
            bool(self.request and self.request.stream),
            total,
            max(0.0, total - waited),
            self.client_id,
        )

    def record(self, outcome: Outcome) -> CallRecord:
        asked = self.request.model[:_LONGEST_MODEL] if self.request else ""
        return CallRecord(
            self.request_id,
            self._source,
            self._path,
            self.http_status,
            outcome,
            self.started_at,
            self.identity,
            self.plan.route.name if self.plan else asked,
            self._door.format,
            self._door.operation,
            self.settlement,
            self.first_content,
        )

    def _usage(self) -> Usage:
        """What the provider said; else an estimate of what it may have worked on; else nothing."""
        attempts, request = self.attempts, self.request
        if attempts is None or request is None:
            return NO_USAGE
        if attempts.answering is not None and attempts.answering.tally.seen:
            return attempts.answering.tally.usage(request.input_estimate)
        if attempts.sent:
            return Usage(request.input_estimate, 0, source=UsageSource.ESTIMATED)
        return NO_USAGE
