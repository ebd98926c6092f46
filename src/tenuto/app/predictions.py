"""From the prediction server's memory into the database: who asked which endpoint, and how it went."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope, system_actor
from tenuto.serving.declared.queries import forget_predictions, keep_predictions
from tenuto.serving.errors import HOST_AWAY
from tenuto.serving.words import PredictionRecord
from tenuto.store.database import Database, Role

_BATCH = 1000
_KEPT = timedelta(days=30)
_SCOPE = Scope(system_actor("predictions"))

Take = Callable[[str, int], tuple[str, list[PredictionRecord]]]


class PredictionCollector:
    """Takes records in batches. The server lets go of a batch when the next is asked for, after the commit."""

    def __init__(self, database: Database, take: Take) -> None:
        self._database = database
        self._take = take
        self._mark = ""

    def work(self) -> bool:
        """Keep one batch. Returns True when there may be more."""
        try:
            mark, records = self._take(self._mark, _BATCH)
        except TenutoError as error:
            if error.fault is HOST_AWAY:
                return False  # it keeps what it has; whoever deploys tells when it stays away
            raise
        if records:
            with self._database.begin(_SCOPE, Role.SYSTEM) as tx:
                keep_predictions(tx, records)
                forget_predictions(tx, _KEPT)
        self._mark = mark
        return len(records) == _BATCH
