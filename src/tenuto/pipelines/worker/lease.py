"""Keeps a run ours while it is driven, and hears of cancellation on the way."""

from __future__ import annotations

import logging
import threading

from tenuto.core.errors import TenutoError
from tenuto.pipelines import queries
from tenuto.pipelines.records import Held
from tenuto.pipelines.worker.tools import Tools

_log = logging.getLogger(__name__)
_LONGEST_PAUSE = 1.0
_JOIN_SECONDS = 5.0


class Lease:
    def __init__(self, tools: Tools, held: Held) -> None:
        self._tools = tools
        self._held = held
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{held.run.id[-8:]}", daemon=True)
        self.lost = False
        self.cancelled = held.run.cancelled

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(_JOIN_SECONDS)

    def _keep(self) -> None:
        every = min(_LONGEST_PAUSE, self._tools.lease_seconds / 3)
        while not self._stopping.wait(every):
            try:
                with self._tools.desk.database.begin(self._held.run.scope) as tx:
                    answer = queries.renew(tx, self._held, self._tools.lease_seconds)
            except TenutoError as error:
                # The database is away. Whoever holds the lease when it is back is told by the fence.
                _log.warning("lease.unrenewed run=%s fault=%s", self._held.run.id, error.fault.code)
                continue
            if answer is None:
                self.lost = True
                return
            self.cancelled = self.cancelled or answer
