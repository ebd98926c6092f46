"""Decides where a call goes, before anything is sent. Values in, values out.

The order of belief: a valid view, a known key, a known route, a verdict, a route that takes this kind of
call. Only then are the upstreams put in order: as declared, those that could not be reached a moment ago
last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from difflib import get_close_matches

import msgspec

from tenuto.core.words import Verdict
from tenuto.gateway.errors import (
    CALL_FORBIDDEN,
    ENDPOINT_UNKNOWN,
    KEY_REFUSED,
    MODEL_UNKNOWN,
    OPERATION_UNSUPPORTED,
    SNAPSHOT_EXPIRED,
)
from tenuto.gateway.words.routing import (
    Attempt,
    Endpoint,
    Identity,
    KeyEntry,
    Operation,
    Plan,
    Refusal,
    Route,
    Snapshot,
)

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 2.0


class PlanQuestion(msgspec.Struct, frozen=True):
    """What is known of a call when its way is decided."""

    identity: Identity
    operation: Operation
    model: str
    most_attempts: int


def admit(
    snapshot: Snapshot, key_id: str | None, matches: Callable[[KeyEntry], bool], now: datetime
) -> Identity | Refusal:
    """Tell who is calling. One refusal for every way a key can be wrong: nothing is learned by trying."""
    if now >= snapshot.valid_until:
        return Refusal(SNAPSHOT_EXPIRED, f"it was valid until {snapshot.valid_until.isoformat()}", 5)
    entry = snapshot.keys.get(key_id) if key_id else None
    if entry is None or not matches(entry):
        return Refusal(KEY_REFUSED, "")
    if entry.expires_at is not None and now >= entry.expires_at:
        return Refusal(KEY_REFUSED, f"it expired at {entry.expires_at.isoformat()}")
    return entry.identity


def plan_attempts(
    snapshot: Snapshot, question: PlanQuestion, unreachable: Collection[str] = ()
) -> Plan | Refusal:
    """Return the attempts of a call in order, or why it will not be made.

    ``unreachable`` holds the base addresses that refused a connection a moment ago.
    """
    identity = question.identity
    routes = snapshot.routes.get(identity.workspace, {})
    route = routes.get(question.model)
    if route is None:
        return Refusal(MODEL_UNKNOWN, _unknown(question.model, visible_routes(snapshot, identity)))
    verdict = verdict_on(snapshot, identity, f"route:{route.name}")
    if verdict is None or not verdict.allowed:
        return _forbidden(verdict)
    if question.operation not in route.operations:
        taken = ", ".join(operation.value for operation in route.operations)
        return Refusal(OPERATION_UNSUPPORTED, f"`{route.name}` takes {taken}, not {question.operation.value}")
    attempts = _attempts(route, question.most_attempts, unreachable)
    return Plan(identity, route, verdict, attempts)


def find_endpoint(snapshot: Snapshot, identity: Identity, name: str) -> Endpoint | Refusal:
    """Return the deployed model a prediction is for, or why it may not be asked."""
    endpoints = snapshot.endpoints.get(identity.workspace, {})
    endpoint = endpoints.get(name)
    if endpoint is None:
        visible = [known for known in endpoints if _allows(snapshot, identity, f"endpoint:{known}")]
        return Refusal(ENDPOINT_UNKNOWN, _unknown(name, visible))
    verdict = verdict_on(snapshot, identity, f"endpoint:{name}")
    return endpoint if verdict is not None and verdict.allowed else _forbidden(verdict)


def visible_routes(snapshot: Snapshot, identity: Identity) -> list[str]:
    """Return the names of the routes this key may call: the others do not exist for it."""
    routes = snapshot.routes.get(identity.workspace, {})
    return [name for name in routes if _allows(snapshot, identity, f"route:{name}")]


def verdict_on(snapshot: Snapshot, identity: Identity, target: str) -> Verdict | None:
    return snapshot.verdicts.get(identity.key_id, {}).get(target)


def _allows(snapshot: Snapshot, identity: Identity, target: str) -> bool:
    verdict = verdict_on(snapshot, identity, target)
    return verdict is not None and verdict.allowed


def _forbidden(verdict: Verdict | None) -> Refusal:
    if verdict is None:
        return Refusal(CALL_FORBIDDEN, "no policy allows it")
    return Refusal(CALL_FORBIDDEN, f"{verdict.reason} (rule {verdict.rule})")


def _unknown(name: str, known: list[str]) -> str:
    nearest = get_close_matches(name[:200], known, n=1, cutoff=0.6)
    return f"{name[:200]!r}; the nearest is {nearest[0]!r}" if nearest else f"{name[:200]!r}"


def _attempts(route: Route, most: int, unreachable: Collection[str]) -> tuple[Attempt, ...]:
    """Every upstream once, even when there are more than ``most``; then again, after pauses."""
    first = sorted(route.upstreams, key=lambda upstream: upstream.base_url in unreachable)
    attempts = [Attempt(upstream) for upstream in first]
    rounds = 0
    while first and len(attempts) < most:
        pause = min(_FIRST_PAUSE * 2**rounds, _LONGEST_PAUSE)
        attempts += [Attempt(upstream, repeats=True, pause=pause) for upstream in first]
        rounds += 1
    return tuple(attempts[: max(most, len(first))])
