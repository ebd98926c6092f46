"""One model call, from its first byte to its line in the log.

    identify -> read -> plan -> protect -> reserve -> attempts -> answer -> settle -> record

Whatever happens on the way, a reservation is settled once and a record is written once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.document import CallRequest, read_call, require_content
from tenuto.gateway.errors import (
    BODY_TIMEOUT,
    CLIENT_GONE,
    ENCODING_UNSUPPORTED,
    GUARD_FAILED,
    INTERNAL,
    STOPPING,
    UPSTREAM_TIMEOUT,
)
from tenuto.gateway.plan import PlanQuestion, plan_attempts
from tenuto.gateway.ports import MakeRestorer
from tenuto.gateway.rules import intent_of, output_bound
from tenuto.gateway.server.account import Account
from tenuto.gateway.server.answering import Answering
from tenuto.gateway.server.attempts import Asked, Attempts, UpstreamRefusedError
from tenuto.gateway.server.authentication import identify
from tenuto.gateway.server.call_facts import CallFacts
from tenuto.gateway.server.doors import Door
from tenuto.gateway.server.parts import Parts
from tenuto.gateway.server.replies import FORMATS, JSON, error_headers, error_of, status_for
from tenuto.gateway.server.transport import CallerGone, Exchange, Sink
from tenuto.gateway.server.watch import CallerWatch
from tenuto.gateway.stream.relay import Wanted
from tenuto.gateway.text_spans import spans_of, with_spans
from tenuto.gateway.words.calls import CallStatus, Outcome
from tenuto.gateway.words.routing import Plan, Refusal

_log = logging.getLogger(__name__)

_STREAM = [("content-type", "text/event-stream"), ("cache-control", "no-store")]


class ModelCall:
    def __init__(self, parts: Parts, exchange: Exchange, door: Door, request_id: str) -> None:
        self._parts = parts
        self._exchange = exchange
        self._door = door
        self._form = FORMATS[door.format]
        self._account = Account(parts)
        self._facts = CallFacts(parts, exchange, door, request_id)
        self._sink: Sink | None = None
        self._outcome: Outcome | None = None

    async def serve(self) -> None:
        watch = CallerWatch(self._exchange)
        try:
            await self._supervise()
        except CallerGone:
            self._leave()
        except asyncio.CancelledError:
            if not watch.gone:
                await self._stop()
                raise
            watch.forgive()
            self._leave()
        finally:
            watch.stop()
            self._conclude()

    async def _supervise(self) -> None:
        try:
            await self._serve()
        except TenutoError as error:
            await self._refuse(error)
        except CallerGone:
            raise
        except Exception:  # noqa: BLE001  # the request boundary
            _log.exception("call.failed request_id=%s", self._facts.request_id)
            await self._refuse(TenutoError(INTERNAL))

    async def _serve(self) -> None:
        facts = self._facts
        request, plan = await self._admit()
        guarded, restorer = self._protect(request, plan)
        intent = intent_of(facts.request_id, request, plan)
        refusal = await self._account.open(intent)
        if refusal is not None:
            raise error_of(refusal)
        facts.status = CallStatus.FAILED
        created = int(facts.started_at.timestamp())
        wanted = Wanted(request.stream, request.shows_usage, created, request.input_estimate)
        facts.attempts = attempts = Attempts(
            self._parts,
            Asked(
                guarded,
                self._form,
                wanted,
                restorer,
                self._exchange.header,
                output_bound(intent.output_limit),
            ),
        )
        try:
            async with asyncio.timeout(self._parts.timeouts.total):
                answering = await attempts.run(plan)
                try:
                    await self._answer(answering, request)
                finally:
                    answering.close()
        except TimeoutError as error:
            detail = f"the call took longer than {self._parts.timeouts.total:g} s in all"
            raise TenutoError(UPSTREAM_TIMEOUT, detail) from error

    async def _admit(self) -> tuple[CallRequest, Plan]:
        """Nothing is read from a stranger, and nothing is asked of the ledger for a call that has no way."""
        parts, facts = self._parts, self._facts
        if parts.stopping:
            raise TenutoError(STOPPING)
        snapshot = parts.ports.snapshots.current()
        facts.identity = identify(self._exchange, parts, snapshot)
        encoding = self._exchange.header("content-encoding")
        if encoding not in {"", "identity"}:
            raise TenutoError(ENCODING_UNSUPPORTED, encoding)
        facts.request = request = read_call(await self._body(), self._door.format, self._door.operation)
        require_content(request)
        question = PlanQuestion(facts.identity, request.operation, request.model, parts.limits.attempts)
        plan = plan_attempts(snapshot, question, parts.circuits.unreachable())
        if isinstance(plan, Refusal):
            raise error_of(plan)
        facts.plan = plan
        return request, plan

    async def _body(self) -> bytes:
        limits = self._parts.limits
        before = self._facts.elapsed()
        try:
            async with asyncio.timeout(limits.body_read):
                return await self._exchange.body(limits.body)
        except TimeoutError as error:
            raise TenutoError(BODY_TIMEOUT, f"it took longer than {limits.body_read:g} s") from error
        finally:
            self._facts.receiving = self._facts.elapsed() - before

    def _protect(self, request: CallRequest, plan: Plan) -> tuple[CallRequest, MakeRestorer | None]:
        """Take personal data out of the request. A guard that fails lets nothing through."""
        protection = plan.route.protection
        if protection is None:
            return request, None
        try:
            protected = self._parts.ports.guard.protect(spans_of(request.fields), protection)
            fields = with_spans(request.fields, protected.texts)
        except TenutoError:
            raise
        except Exception as error:
            _log.exception("call.guard_failed request_id=%s", self._facts.request_id)
            raise TenutoError(GUARD_FAILED) from error
        if not protected.table:
            return request, None
        return msgspec.structs.replace(request, fields=fields), protected.stream

    async def _answer(self, answering: Answering, request: CallRequest) -> None:
        facts = self._facts
        facts.first_content = facts.elapsed()
        if request.stream:
            await self._stream(answering)
            return
        facts.status = CallStatus.COMPLETED
        await answering.finish()
        await self._settle(facts.outcome())
        facts.http_status = 200
        self._exchange.answer(200, [JSON, *facts.headers()], answering.whole())

    async def _stream(self, answering: Answering) -> None:
        facts = self._facts
        facts.status = CallStatus.CUT  # until its terminator has gone out
        facts.http_status = 200
        self._sink = sink = self._exchange.stream(200, [*_STREAM, *facts.headers()])
        async for piece in answering.pieces():
            await sink.send(piece)
        facts.status = CallStatus.COMPLETED
        await sink.end()
        await answering.finish()

    async def _refuse(self, error: TenutoError) -> None:
        """Say what went wrong: as an answer, or, when one has begun, as its last event."""
        facts = self._facts
        facts.fault = error.fault.code
        if self._sink is not None:
            await self._end_with(self._sink, error)
            return
        await self._settle(facts.outcome())
        if isinstance(error, UpstreamRefusedError) and error.raw:
            facts.http_status, headers, body = error.status, [JSON], error.raw
        else:
            facts.http_status, headers = status_for(error), error_headers(error)
            body = self._form.error(error, facts.request_id)
        self._exchange.answer(facts.http_status, [*headers, *facts.headers()], body)

    async def _end_with(self, sink: Sink, error: TenutoError) -> None:
        await sink.send(self._form.error_event(error, self._facts.request_id))
        await sink.end()

    def _leave(self) -> None:
        """The caller is gone: there is nobody to answer, but what was used is accounted for."""
        facts = self._facts
        facts.fault = CLIENT_GONE.code
        facts.http_status = facts.http_status or 499
        if facts.status is not CallStatus.COMPLETED:
            facts.status = CallStatus.CLIENT_GONE

    async def _stop(self) -> None:
        """This process is told to stop and the call could not be finished in time."""
        facts = self._facts
        facts.fault = STOPPING.code
        facts.status = CallStatus.STOPPED
        error = TenutoError(STOPPING)
        if self._sink is not None:
            with contextlib.suppress(CallerGone):
                await self._end_with(self._sink, error)
        else:
            facts.http_status = status_for(error)
            body = self._form.error(error, facts.request_id)
            self._exchange.answer(facts.http_status, [*error_headers(error), *facts.headers()], body)

    def _conclude(self) -> None:
        """Settle and record. Runs to its end even when this call's task was cancelled."""
        outcome = self._outcome or self._facts.outcome()
        if self._account.is_open:
            self._parts.background.start(self._settle_and_record(outcome))
        else:
            self._parts.ports.call_log.record(self._facts.record(outcome))

    async def _settle_and_record(self, outcome: Outcome) -> None:
        await self._settle(outcome)
        self._parts.ports.call_log.record(self._facts.record(outcome))

    async def _settle(self, outcome: Outcome) -> None:
        """What the ledger was told is what the record will say."""
        self._outcome = outcome
        self._facts.settlement = await self._account.close(outcome)
