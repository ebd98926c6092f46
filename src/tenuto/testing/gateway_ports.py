"""The gateway's ports, held in memory: for tests of the gateway, and of plugins behind it."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from tenuto.core.errors import PLUGIN_UNKNOWN, TenutoError
from tenuto.core.money import Money
from tenuto.core.words import Actor, ActorKind, Effect, Verdict
from tenuto.gateway.errors import BUDGET_EXHAUSTED, CREDENTIAL_MISSING, EGRESS_REFUSED, LEDGER_AWAY
from tenuto.gateway.ports import Dialect
from tenuto.gateway.words.calls import CallIntent, CallRecord, Outcome, Reservation, Settlement
from tenuto.gateway.words.routing import MASKED, Identity, KeyEntry, Protection, Refusal, Route, Snapshot

_PEPPER = b"simulated pepper"
_FAR = datetime(2100, 1, 1, tzinfo=UTC)


class MemoryKeys:
    """Keys of the form ``sk-ID-SECRET``."""

    @staticmethod
    def key_id(token: str) -> str | None:
        parts = token.split("-")
        return parts[1] if len(parts) == 3 and parts[0] == "sk" else None

    @staticmethod
    def matches(token: str, digest: bytes) -> bool:
        return hmac.compare_digest(digest_of_key(token), digest)


def digest_of_key(token: str) -> bytes:
    return hmac.digest(_PEPPER, token.encode(), "sha256")


def entry_for(token: str, *, workspace: str = "w1", name: str = "tester") -> KeyEntry:
    key_id = MemoryKeys.key_id(token)
    assert key_id is not None
    actor = Actor(ActorKind.SERVICE_ACCOUNT, f"actor-{key_id}", name)
    return KeyEntry(Identity(key_id, actor, workspace), digest_of_key(token))


def snapshot_of(keys: Sequence[KeyEntry], routes: Sequence[Route], **fields: Any) -> Snapshot:
    """Return a snapshot in which every key may call every route of its workspace."""
    allowed = Verdict(Effect.ALLOW, "the simulation allows it", "simulated.allow", "1")
    by_name = {route.name: route for route in routes}
    verdicts = {entry.identity.key_id: {f"route:{name}": allowed for name in by_name} for entry in keys}
    given = {
        "keys": {entry.identity.key_id: entry for entry in keys},
        "routes": {entry.identity.workspace: by_name for entry in keys},
        "verdicts": verdicts,
        **fields,
    }
    return Snapshot("1", given.pop("valid_until", _FAR), **given)


class MemorySnapshots:
    """Serves whatever snapshot it holds; replace ``snapshot`` to change the world."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def current(self) -> Snapshot:
        return self.snapshot


class Settled(msgspec.Struct, frozen=True):
    intent: CallIntent
    outcome: Outcome


class MemoryLedger:
    """Counts in calls. ``away`` makes reserving fail, ``left`` is how many calls the budget still allows."""

    def __init__(self) -> None:
        self.open: dict[str, CallIntent] = {}
        self.settled: dict[str, Settled] = {}
        self.twice: list[str] = []  # request ids settled more than once: always a fault of the gateway
        self.away = False
        self.left: int | None = None
        self.pause = 0.0  # seconds each operation takes

    async def reserve(self, call: CallIntent) -> Reservation | Refusal:
        await asyncio.sleep(self.pause)
        if self.away:
            raise TenutoError(LEDGER_AWAY, "the simulation says so")
        if self.left is not None:
            if self.left == 0:
                return Refusal(BUDGET_EXHAUSTED, "the budget `simulated` has 0 calls left")
            self.left -= 1
        self.open[call.request_id] = call
        return Reservation(call.request_id, call.request_id)

    async def settle(self, reservation: Reservation, outcome: Outcome) -> Settlement:
        await asyncio.sleep(self.pause)
        intent = self.open.pop(reservation.request_id, None)
        if intent is None:
            self.twice.append(reservation.request_id)
            return Settlement()
        self.settled[reservation.request_id] = Settled(intent, outcome)
        return Settlement(Money.of("0.001").times(outcome.usage.total_tokens), "simulated")


class MemoryCallLog:
    def __init__(self) -> None:
        self.records: list[CallRecord] = []

    def record(self, call: CallRecord) -> None:
        self.records.append(call)


class PlainSecrets:
    """Credentials under their reference, in the open."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)

    async def credential(self, reference: str) -> str:
        if reference not in self._secrets:
            raise TenutoError(CREDENTIAL_MISSING, reference)
        return self._secrets[reference]


class LoopbackEgress:
    """Allows loopback only."""

    @staticmethod
    def check(scheme: str, host: str, port: int) -> None:
        if host not in {"127.0.0.1", "localhost", "::1"}:
            raise TenutoError(EGRESS_REFUSED, f"{scheme}://{host}:{port}")

    @staticmethod
    def addresses(host: str, resolved: Sequence[str]) -> Sequence[str]:  # noqa: ARG004  # the port's shape
        return [address for address in resolved if address.startswith("127.") or address == "::1"]


class MemoryDialects:
    """Dialects by name, without entry points."""

    def __init__(self, dialects: Mapping[str, Dialect]) -> None:
        self._dialects = dict(dialects)

    def load(self, name: str) -> Dialect:
        if name not in self._dialects:
            raise TenutoError(PLUGIN_UNKNOWN, name)
        return self._dialects[name]


class ReplacingGuard:
    """Replaces exactly the given values: a stand-in for the guard room, which finds them by itself."""

    def __init__(self, values: Sequence[str] = ()) -> None:
        self._values = {value: f"<MASKED_{index}>" for index, value in enumerate(values, 1)}

    def protect(self, texts: Sequence[str], protection: Protection = MASKED) -> ReplacedTexts:  # noqa: ARG002  # the values are given
        replaced = list(texts)
        for value, placeholder in self._values.items():
            replaced = [text.replace(value, placeholder) for text in replaced]
        used = {
            placeholder: value
            for value, placeholder in self._values.items()
            if any(placeholder in text for text in replaced)
        }
        return ReplacedTexts(replaced, used)


class ReplacedTexts:
    def __init__(self, texts: Sequence[str], table: Mapping[str, str]) -> None:
        self.texts = texts
        self.table = table

    def stream(self, *, in_json: bool = False) -> PlaceholderRestorer:  # noqa: ARG002  # values need no escape
        return PlaceholderRestorer(self.table)


class PlaceholderRestorer:
    """Holds back what may be the beginning of a placeholder, ``<MASKED_1>`` and the like."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = table
        self._held = ""

    def feed(self, text: str) -> str:
        text = self._restored(self._held + text)
        start = text.rfind("<")
        unfinished = start >= 0 and any(known.startswith(text[start:]) for known in self._table)
        self._held = text[start:] if unfinished else ""
        return text[:start] if unfinished else text

    def finish(self) -> str:
        held, self._held = self._held, ""
        return held

    def _restored(self, text: str) -> str:
        for placeholder, value in self._table.items():
            text = text.replace(placeholder, value)
        return text
