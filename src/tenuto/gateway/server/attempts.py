"""Tries the upstreams of a plan, one after the other, until one begins to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.client.http import Response
from tenuto.gateway.client.words import OutRequest, split_base
from tenuto.gateway.document import CallRequest
from tenuto.gateway.errors import (
    UPSTREAM_DENIED,
    UPSTREAM_REJECTED,
    UPSTREAM_TIMEOUT,
    UPSTREAM_UNREACHABLE,
)
from tenuto.gateway.formats.format import CallerFormat
from tenuto.gateway.ports import Dialect, MakeRestorer
from tenuto.gateway.redaction import Redactor
from tenuto.gateway.server.answering import Answering
from tenuto.gateway.server.parts import Parts
from tenuto.gateway.stream.relay import Wanted, relay_for
from tenuto.gateway.stream.tally import Tally
from tenuto.gateway.words.calls import AttemptRecord, HttpCall, ProviderRequest
from tenuto.gateway.words.routing import Attempt, Plan, Profile, Upstream

_LARGEST_REFUSAL = 1024 * 1024
_LONGEST_RETRY_AFTER = 2.0  # seconds a call waits for an upstream that asks for patience

_split_base = lru_cache(maxsize=256)(split_base)


class Asked(msgspec.Struct, frozen=True):
    """One call as the attempts see it: guarded, and the same for all of them."""

    request: CallRequest
    form: CallerFormat
    wanted: Wanted
    restorer: MakeRestorer | None
    header: Callable[[str], str]  # of the caller
    output_bound: int | None  # tokens beyond which an answer is not believed


class UpstreamRefusedError(TenutoError):
    """An upstream refused. ``raw`` is its own answer, for callers that speak its format."""

    def __init__(self, error: TenutoError, status: int, raw: bytes, *, elsewhere: bool, again: bool) -> None:
        super().__init__(error.fault, error.detail, **error.context)
        self.status = status
        self.raw = raw
        self.elsewhere = elsewhere
        self.again = again


class Attempts:
    """The attempts of one call. ``answering`` is the one that succeeded, ``records`` tells of all."""

    def __init__(self, parts: Parts, asked: Asked) -> None:
        self._parts = parts
        self._asked = asked
        self.records: list[AttemptRecord] = []
        self.answering: Answering | None = None
        self.upstream: Upstream | None = None
        self.lost: tuple[str, ...] = ()
        self.sent = False  # the last attempt's request went out
        self._waited = 0.0
        self._redactor = Redactor()

    def waiting(self) -> float:
        """Return the seconds spent waiting for upstreams, pauses between repeats included."""
        return self._waited + (self.answering.waited if self.answering else 0.0)

    async def run(self, plan: Plan) -> Answering:
        """Return a primed answer. Raises what the last attempt failed with."""
        last: TenutoError | None = None
        hopeless: set[Upstream] = set()
        self._parts.retries.called()
        for attempt in plan.attempts:
            if attempt.repeats and not await self._may_repeat(attempt, hopeless, last):
                continue
            try:
                return await self._attempt(attempt, plan.route.output_cap)
            except TenutoError as error:
                last = error
                if isinstance(error, UpstreamRefusedError) and not error.elsewhere:
                    raise
                if not _may_work_later(error):
                    hopeless.add(attempt.upstream)
        assert last is not None
        raise last

    async def _may_repeat(self, attempt: Attempt, hopeless: set[Upstream], last: TenutoError | None) -> bool:
        wanted = last.context.get("retry_after") if last else None
        if attempt.upstream in hopeless or (wanted or 0) > _LONGEST_RETRY_AFTER:
            return False
        if not self._parts.retries.take():
            return False
        pause = max(attempt.pause, wanted or 0)
        self._waited += pause
        await asyncio.sleep(pause)
        return True

    async def _attempt(self, attempt: Attempt, output_cap: int | None) -> Answering:
        clock = self._parts.clock
        before = clock.monotonic()
        self.upstream = attempt.upstream
        self.sent = False
        self.answering = None
        self._redactor = Redactor()
        status, fault = 0, ""
        try:
            answering = await self._try(attempt.upstream, output_cap)
            status = 200
        except TenutoError as error:
            self._redactor.clean(error)
            fault = error.fault.code
            status = error.status if isinstance(error, UpstreamRefusedError) else 0
            raise
        except asyncio.CancelledError:
            fault = "cancelled"
            raise
        finally:
            seconds = clock.monotonic() - before
            self._waited += seconds
            self.records.append(AttemptRecord(attempt.upstream, status, fault, seconds))
        return answering

    async def _try(self, upstream: Upstream, output_cap: int | None) -> Answering:
        dialect: Dialect = self._parts.ports.dialects.load(upstream.dialect)
        profile = dialect.profiles.get(upstream.profile)
        if profile is None:
            raise TenutoError(UPSTREAM_DENIED, f"{upstream.provider} has no profile {upstream.profile!r}")
        request = self._provider_request(dialect, upstream, output_cap)
        call = dialect.encode(request, profile)
        response = await self._send(upstream, call)
        try:
            if not 200 <= response.status < 300:
                await self._refused(dialect, response)
            self.lost = call.lost
            return await self._primed(dialect, request, profile, response)
        except BaseException:
            response.close()
            raise

    def _provider_request(
        self, dialect: Dialect, upstream: Upstream, output_cap: int | None
    ) -> ProviderRequest:
        asked, request = self._asked, self._asked.request
        same = dialect.format is request.format
        headers = {name: value for name in dialect.caller_headers if (value := asked.header(name))}
        return ProviderRequest(
            request.operation,
            upstream.model,
            request.stream,
            document=request.fields if same else None,
            chat=None if same else asked.form.chat(request.fields),
            headers=headers if same else {},
            output_cap=output_cap,
        )

    async def _send(self, upstream: Upstream, call: HttpCall) -> Response:
        origin, base = _split_base(upstream.base_url)
        headers = call.headers
        if upstream.credential is not None:
            name, before = call.credential
            secret = await self._parts.ports.secrets.credential(upstream.credential)
            self._redactor = Redactor(secret)
            headers = (*headers, (name, before + secret))
        request = OutRequest("POST", base + call.path, headers, call.body, replayable=True)
        self.sent = True
        try:
            response = await self._parts.client.send(origin, request, self._parts.timeouts.first_byte)
        except TenutoError as error:
            self._unreached(error, upstream)
            raise
        self._parts.circuits.answered(upstream.base_url)
        return response

    def _unreached(self, error: TenutoError, upstream: Upstream) -> None:
        if error.fault is UPSTREAM_UNREACHABLE:
            self.sent = False
            self._parts.circuits.failed(upstream.base_url)

    async def _refused(self, dialect: Dialect, response: Response) -> None:
        self.sent = False  # a refused request is not billed
        raw = self._redactor.body(await response.read(self._parts.timeouts.idle, _LARGEST_REFUSAL))
        headers = {name: self._redactor.text(value) for name, value in response.headers}
        fault = dialect.fault(response.status, headers, raw)
        context = {} if fault.retry_after is None else {"retry_after": fault.retry_after}
        error = TenutoError(fault.fault, fault.detail, **context)
        same = dialect.format is self._asked.request.format
        shown = raw if same and fault.fault is UPSTREAM_REJECTED else b""
        raise UpstreamRefusedError(
            error, response.status, shown, elsewhere=fault.elsewhere, again=fault.again
        )

    async def _primed(
        self, dialect: Dialect, request: ProviderRequest, profile: Profile, response: Response
    ) -> Answering:
        streamed = response.header("content-type").startswith("text/event-stream")
        tally = Tally(self._asked.output_bound)
        relay = relay_for(
            self._asked.form,
            self._asked.wanted,
            tally,
            self._asked.restorer,
            same_format=dialect.format is self._asked.request.format,
            streamed=streamed,
        )
        self.answering = Answering(
            response,
            dialect.decoder(request, profile, streamed=streamed),
            relay,
            tally,
            redactor=self._redactor,
            idle=self._parts.timeouts.idle,
            quiet=self._parts.timeouts.quiet,
            most=self._parts.limits.answer,
            hold=self._parts.limits.header_hold,
            clock=self._parts.clock,
        )
        await self.answering.prime(whole=not self._asked.wanted.stream)
        return self.answering


def _may_work_later(error: TenutoError) -> bool:
    if isinstance(error, UpstreamRefusedError):
        return error.again
    # What took too long once would take too long again, and may be billed each time.
    return error.fault.retryable and error.fault is not UPSTREAM_TIMEOUT
