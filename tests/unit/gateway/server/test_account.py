"""The books of one call, also when its caller leaves in the middle of an entry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from tenuto.core.clock import SystemClock
from tenuto.core.errors import TenutoError
from tenuto.core.ids import UuidSeven
from tenuto.gateway.server.account import Account
from tenuto.gateway.server.parts import Parts, Ports
from tenuto.gateway.words.calls import CallIntent, CallStatus, Outcome, Settlement
from tenuto.gateway.words.limits import Limits
from tenuto.gateway.words.routing import Operation, Refusal
from tenuto.testing.gateway_ports import (
    LoopbackEgress,
    MemoryCallLog,
    MemoryDialects,
    MemoryKeys,
    MemoryLedger,
    MemorySnapshots,
    PlainSecrets,
    ReplacingGuard,
    entry_for,
    snapshot_of,
)

pytestmark = pytest.mark.capability("G8")

ENTRY = entry_for("sk-k1-secret")
INTENT = CallIntent("call-1", ENTRY.identity, Operation.CHAT, "r", (), 10, None)
DONE = Outcome(CallStatus.COMPLETED)


def parts_with(ledger: MemoryLedger, **limits: Any) -> Parts:
    return Parts(
        Ports(
            snapshots=MemorySnapshots(snapshot_of([ENTRY], [])),
            keys=MemoryKeys(),
            ledger=ledger,
            guard=ReplacingGuard(),
            secrets=PlainSecrets({}),
            egress=LoopbackEgress(),
            call_log=MemoryCallLog(),
            dialects=MemoryDialects({}),
            clock=SystemClock(),
            ids=UuidSeven(),
            control_plane="",
            limits=msgspec.structs.replace(Limits(), **limits),
        )
    )


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def test_closing_twice_settles_once() -> None:
    async def work() -> None:
        ledger = MemoryLedger()
        account = Account(parts_with(ledger))
        assert await account.open(INTENT) is None
        assert account.is_open
        assert (await account.close(DONE)).cost is not None
        assert await account.close(DONE) == Settlement()
        assert (len(ledger.settled), ledger.twice, ledger.open) == (1, [], {})

    run(work)


def test_a_refusal_opens_nothing() -> None:
    async def work() -> None:
        ledger = MemoryLedger()
        ledger.left = 0
        account = Account(parts_with(ledger))
        assert isinstance(await account.open(INTENT), Refusal)
        assert not account.is_open
        assert await account.close(DONE) == Settlement()
        assert ledger.settled == {}

    run(work)


def test_a_caller_that_leaves_while_reserving_leaves_no_reservation() -> None:
    async def work() -> None:
        ledger = MemoryLedger()
        ledger.pause = 0.05
        parts = parts_with(ledger)
        opening = asyncio.ensure_future(Account(parts).open(INTENT))
        await asyncio.sleep(0.01)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await asyncio.sleep(0.06)
        assert await parts.background.finish(1) == 0
        assert ledger.open == {}
        assert ledger.settled["call-1"].outcome.status is CallStatus.CLIENT_GONE

    run(work)


def test_a_slow_settlement_is_finished_after_the_answer_went_out() -> None:
    async def work() -> None:
        ledger = MemoryLedger()
        parts = parts_with(ledger, settle_wait=0.01)
        account = Account(parts)
        await account.open(INTENT)
        ledger.pause = 0.05
        assert await account.close(DONE) == Settlement()
        assert ledger.settled == {}
        assert await parts.background.finish(1) == 0
        assert ledger.settled["call-1"].outcome == DONE

    run(work)


def test_a_settlement_survives_the_end_of_its_call() -> None:
    async def work() -> None:
        ledger = MemoryLedger()
        parts = parts_with(ledger)
        account = Account(parts)
        await account.open(INTENT)
        ledger.pause = 0.05
        closing = asyncio.ensure_future(account.close(DONE))
        await asyncio.sleep(0.01)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        await parts.background.finish(1)
        assert list(ledger.settled) == ["call-1"]

    run(work)


def test_only_so_many_calls_wait_for_a_ledger_that_is_away() -> None:
    async def work() -> None:
        ledger = MemoryLedger()
        ledger.away = True
        parts = parts_with(ledger, ledger_waiters=2, ledger_wait=5.0)
        waiting = [asyncio.ensure_future(Account(parts).open(INTENT)) for _ in range(2)]
        await asyncio.sleep(0.01)
        with pytest.raises(TenutoError) as refused:
            await Account(parts).open(INTENT)
        assert refused.value.fault.code == "gateway.ledger_unavailable"
        ledger.away = False
        assert await asyncio.gather(*waiting) == [None, None]

    run(work)
