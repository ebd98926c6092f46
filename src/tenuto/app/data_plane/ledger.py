"""Reserve and settle in the database, without making the event loop wait for it.

While the database is away nothing new is reserved, but calls in flight end: what they used goes to a spool on
the local disk, fsynced, and from there into the ledger when the database is back. Settling is idempotent, so a
crash between delivery and clean-up books nothing twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import msgspec

from tenuto.app.data_plane.spool import Aside, Spool
from tenuto.core.errors import FaultKind, TenutoError
from tenuto.core.words import Scope, Verdict
from tenuto.gateway.ports import SnapshotSource
from tenuto.gateway.words import calls, routing
from tenuto.govern.use_case import Desk
from tenuto.spend import metering
from tenuto.spend.errors import BUDGET_EXHAUSTED
from tenuto.spend.words import Candidate, Intent, Outcome, Refusal, Settled, Tokens, UsageSource

T = TypeVar("T")

_log = logging.getLogger(__name__)
_AWAY = frozenset({FaultKind.UNAVAILABLE, FaultKind.NO_SPACE, FaultKind.TIMEOUT})
_THREADS = 8
_DEFAULT_OUTPUT = 4_096  # tokens, where neither the caller nor the route names a limit
# The estimate counts four bytes to a token; French, code and JSON need more tokens than that.
_INPUT_MARGIN = 1.25


class Settlement(msgspec.Struct, frozen=True):
    """Everything that booking one call needs, as it waits in the spool."""

    scope: Scope
    outcome: Outcome
    verdict: Verdict


class _Token(msgspec.Struct, frozen=True):
    scope: Scope
    verdict: Verdict
    provider: str
    model: str


class SpendLedger:
    def __init__(self, desk: Desk, snapshots: SnapshotSource, spool: Spool) -> None:
        self._desk = desk
        self._snapshots = snapshots
        self._spool = spool
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="ledger")

    async def reserve(self, call: calls.CallIntent) -> calls.Reservation | routing.Refusal:
        self._spool.require_room()
        identity = call.identity
        scope = Scope(identity.actor, identity.workspace, call.request_id)
        verdicts = self._snapshots.current().verdicts.get(identity.key_id, {})
        answer = await self._run(partial(metering.reserve, self._desk, scope, intent_for(call)))
        if isinstance(answer, Refusal):
            return routing.Refusal(BUDGET_EXHAUSTED, answer.reason)
        first = call.upstreams[0]
        token = _Token(scope, verdicts[f"route:{call.route}"], first.provider, first.model)
        return calls.Reservation(call.request_id, msgspec.json.encode(token).decode())

    async def settle(self, reservation: calls.Reservation, outcome: calls.Outcome) -> calls.Settlement:
        settlement = _settlement(reservation, outcome)
        try:
            settled = await self._run(partial(self.book, settlement))
        except TenutoError as error:
            if error.fault.kind not in {FaultKind.UNAVAILABLE, FaultKind.NO_SPACE}:
                raise
            await self._run(partial(self._spool.add, msgspec.json.encode(settlement)))
            return calls.Settlement(cost_source="not yet known")
        return calls.Settlement(settled.cost, settled.price_source) if settled else calls.Settlement()

    def book(self, settlement: Settlement) -> Settled | None:
        return metering.settle(self._desk, settlement.scope, settlement.outcome, settlement.verdict)

    def deliver(self) -> int:
        """Book what the spool holds. Returns how many; raises while the database is still away."""
        return self._spool.drain(self._deliver)

    def _deliver(self, line: bytes) -> Aside | None:
        """Book a line of the spool, or say why that can never be done.

        Only what waiting mends may hold up the lines behind it. Whatever else keeps a line from being booked is
        taken to keep it for good: it is kept in a file, and put back from there if that was wrong.
        """
        try:
            settlement = msgspec.json.decode(line, type=Settlement)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Aside("unreadable", str(error))
        try:
            self.book(settlement)
        except TenutoError as error:
            if error.fault.retryable or error.fault.kind in _AWAY:
                raise
            return Aside("refused", f"{error.fault.code}: {error.detail} {_about(settlement)}")
        except Exception as error:  # noqa: BLE001 (a supervisor: a defect in one line must not keep the others)
            _log.exception("spool.broken %s", _about(settlement))
            return Aside("refused", f"{type(error).__name__} {_about(settlement)}")
        return None

    def close(self) -> None:
        self._threads.shutdown(wait=True)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _about(settlement: Settlement) -> str:
    return f"request_id={settlement.outcome.request_id} workspace={settlement.scope.workspace}"


def intent_for(call: calls.CallIntent) -> Intent:
    return Intent(
        request_id=call.request_id,
        workspace=call.identity.workspace,
        actor_id=call.identity.actor.id,
        key_id=call.identity.key_id,
        route=call.route,
        candidates=tuple(Candidate(one.provider, one.model) for one in call.upstreams),
        input_tokens=int(call.input_estimate * _INPUT_MARGIN) + 1,
        max_output=_DEFAULT_OUTPUT if call.output_limit is None else call.output_limit,
    )


def _settlement(reservation: calls.Reservation, outcome: calls.Outcome) -> Settlement:
    token = msgspec.json.decode(reservation.token, type=_Token)
    usage, upstream = outcome.usage, outcome.upstream
    booked = Outcome(
        request_id=reservation.request_id,
        provider=upstream.provider if upstream else token.provider,
        model=upstream.model if upstream else token.model,
        status=outcome.status.value,
        tokens=Tokens(
            usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.reasoning_tokens
        ),
        usage_source=UsageSource(usage.source.value),
        streamed=outcome.streamed,
        attempts=len(outcome.attempts),
        error=outcome.fault or None,
        duration_ms=round(outcome.total * 1_000),
        overhead_us=round(outcome.overhead * 1_000_000),
        client_request_id=outcome.client_request_id or None,
    )
    return Settlement(token.scope, booked, token.verdict)
