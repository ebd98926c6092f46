"""What serving asks of others; ``app`` satisfies it."""

from __future__ import annotations

from typing import Protocol

from tenuto.serving.words import (
    ApplyOutcome,
    DeploymentTable,
    HostStatus,
    PredictionRecord,
)


class PredictionLog(Protocol):
    """Where answered requests are noted. It is on the hot path: it never waits, never raises, never grows
    without bound. What does not fit is dropped and counted.
    """

    def record(self, entry: PredictionRecord) -> None: ...

    def take(self, after: str, limit: int) -> tuple[str, list[PredictionRecord]]:
        """Return up to ``limit`` records behind the mark ``after``, and the mark to give next time.

        What lies at or before ``after`` has been kept safely by the caller and is let go. The first mark is
        empty.
        """
        ...

    @property
    def dropped(self) -> int: ...


class Deployable(Protocol):
    """The prediction server as a source of deployments sees it."""

    async def apply(self, table: DeploymentTable) -> ApplyOutcome:
        """Load what is new, prove it, then switch all endpoints at once. Raises ``HOST_*`` for a bad table;
        what fails for one endpoint is told in the outcome and leaves its old version serving.
        """
        ...

    def status(self) -> HostStatus: ...

    def predictions(self, after: str, limit: int) -> tuple[str, list[PredictionRecord]]: ...


class DeploymentSource(Protocol):
    """Tells the prediction server what to serve."""

    async def first(self) -> DeploymentTable | None:
        """Return the table to start with; until it is applied the server is not ready."""
        ...

    async def follow(self, host: Deployable) -> None:
        """Apply every later table, until cancelled."""
        ...
