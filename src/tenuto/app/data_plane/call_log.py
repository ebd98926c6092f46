"""Refused calls into the audit log, beside the hot path.

Calls that were made are recorded with their settlement. What is recorded here is who was refused what, and why.
Anybody on the network can be refused without end, so strangers have a small queue of their own and come after
everybody who is known. What finds its queue full is counted, and the count becomes a record itself.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from datetime import UTC, datetime

from tenuto.app.rounds import go_round
from tenuto.core.errors import TenutoError
from tenuto.core.words import ANONYMOUS, Effect, Ref, Scope, Verdict, system_actor
from tenuto.gateway.words.calls import CallRecord, CallStatus
from tenuto.govern.audit.writing import Entry
from tenuto.govern.use_case import Desk, record_alone

_log = logging.getLogger(__name__)
_LARGEST = 10_000
_OF_STRANGERS = 1_000
_CLOSING_SECONDS = 10.0
_ACTION = "gateway:call:invoke"
_SCOPE = Scope(system_actor("refused-calls"))


class _Waiting:
    """Calls of one sort that are to be recorded, and how many of them no longer can be, from when until when."""

    def __init__(self, of: str, largest: int) -> None:
        self.of = of
        self.calls: deque[CallRecord] = deque()
        self.lost = 0
        self._times: list[datetime] = []  # of the first and the last that were lost
        self._largest = largest

    @property
    def summary_is_due(self) -> bool:
        """A flood that does not end is told in pieces, each as large as what else would wait."""
        return self.lost >= (self._largest if self.calls else 1)

    def take(self, call: CallRecord) -> None:
        if len(self.calls) < self._largest:
            self.calls.append(call)
        else:
            self.lose(call)

    def lose(self, call: CallRecord) -> None:
        times = [*self._times, call.started_at]
        self._times = [min(times), max(times)]
        self.lost += 1

    def told(self, lost: int) -> None:
        """Take off what was recorded; the next summary covers the whole time if others were lost meanwhile."""
        self.lost -= lost
        if not self.lost:
            self._times = []

    def summary(self) -> Entry:
        first, last = (_text(time) for time in self._times)
        reason = f"{self.lost} refused calls of {self.of} were not recorded singly between {first} and {last}"
        detail = {"lost": self.lost, "of": self.of, "from": first, "until": last}
        verdict = Verdict(Effect.DENY, reason, "gateway", "gateway")
        return Entry(_ACTION, Ref("CallLog", "refused-calls", "refused calls"), verdict, "refused", detail)


class RefusedCalls:
    """Takes records without waiting, and writes them when the database can."""

    def __init__(self, desk: Desk, *, largest: int = _LARGEST, of_strangers: int = _OF_STRANGERS) -> None:
        self._desk = desk
        self._known = _Waiting("known callers", largest)
        self._strangers = _Waiting("strangers", of_strangers)
        self._both = (self._known, self._strangers)
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._writer = threading.Thread(
            target=go_round, args=("refusals", self._round, self._stopping), name="refused-calls", daemon=True
        )
        self._writer.start()

    def record(self, call: CallRecord) -> None:
        if call.outcome.status is not CallStatus.REFUSED:
            return
        with self._changed:
            (self._known if call.identity else self._strangers).take(call)
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, then stop. What the database does not take in time is told to the log."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()
        self._writer.join(timeout=_CLOSING_SECONDS)
        if not self._writer.is_alive():
            self._write_last()
        left = sum(len(waiting.calls) + waiting.lost for waiting in self._both)
        if left:
            _log.error("refusals.lost calls=%d reason=stopped before the database took them", left)

    def _write_last(self) -> None:
        clock = self._desk.clock
        end = clock.monotonic() + _CLOSING_SECONDS
        try:
            while clock.monotonic() < end and self._write_next():
                pass
        except Exception:  # noqa: BLE001 (a supervisor: the rest of the process still has to be closed)
            _log.warning("refusals.unwritten", exc_info=True)

    def _round(self) -> None:
        with self._changed:
            self._changed.wait_for(self._has_work)
        if not self._stopping.is_set():
            self._write_next()

    def _has_work(self) -> bool:
        return self._stopping.is_set() or any(waiting.calls or waiting.lost for waiting in self._both)

    def _write_next(self) -> bool:
        """Write the next record, if there is one. Raises while the database is away."""
        for waiting in self._both:
            if waiting.summary_is_due:
                self._write_summary(waiting)
                return True
            if waiting.calls:
                self._write(waiting)
                return True
        return False

    def _write(self, waiting: _Waiting) -> None:
        call = waiting.calls[0]
        try:
            record_alone(self._desk, _scope(call), _entry(call))
        except Exception as error:
            if isinstance(error, TenutoError) and error.fault.retryable:
                raise  # the database is away: the call keeps its place
            with self._changed:
                waiting.lose(waiting.calls.popleft())
            raise
        with self._changed:
            waiting.calls.popleft()

    def _write_summary(self, waiting: _Waiting) -> None:
        with self._changed:
            entry, lost = waiting.summary(), waiting.lost
        record_alone(self._desk, _SCOPE, entry)
        _log.error("refusals.lost calls=%d of=%s", lost, waiting.of)
        with self._changed:
            waiting.told(lost)


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")


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
        _ACTION,
        Ref("Route", name, name, workspace),
        verdict,
        "refused",
        {"key": key, "door": call.door, "at": _text(call.started_at)},
    )
