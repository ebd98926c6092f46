"""What the control process does besides answering: order the audit log, deliver events, keep endpoints served."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tenuto.app.building import Platform
from tenuto.app.predictions import PredictionCollector
from tenuto.app.sockets import serving_control
from tenuto.app.tasks import Task
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope, system_actor
from tenuto.govern.audit.checkpointing import checkpoint
from tenuto.govern.audit.sequencing import sequence
from tenuto.serving.declared.compiling import deployment_table
from tenuto.serving.errors import HOST_AWAY
from tenuto.serving.host.control import ControlClient
from tenuto.serving.words import DeploymentTable, PredictionRecord
from tenuto.spend.metering import reclaim
from tenuto.store.blobs import Blobs
from tenuto.store.database import Role
from tenuto.store.outbox import Delivery, deliver

_log = logging.getLogger(__name__)
_ABSENCE = 20.0  # seconds

Subscriber = Callable[[Delivery], None]


def tasks(platform: Platform) -> list[Task]:
    """Return the tasks of the control process."""
    database, desk = platform.desk.database, platform.desk
    deployer = Deployer(platform)
    subscribers: Mapping[str, Subscriber] = {
        "endpoint.deployed": lambda _event: deployer.wanted(),
        "endpoint.retired": lambda _event: deployer.wanted(),
    }

    def sequence_all() -> bool:
        return sequence(database) > 0

    def sign() -> bool:
        checkpoint(database, desk.clock, platform.keys.audit, platform.witness.sink)
        return False

    return [
        Task("audit-sequencer", 0.5, sequence_all),
        Task("audit-checkpointer", platform.settings.checkpoint_seconds, sign),
        Task("outbox-dispatcher", 1.0, lambda: _dispatch(platform, subscribers)),
        Task("reservations", 30.0, lambda: reclaim(desk) > 0),
        Task("deployments", 2.0, deployer.work),
        Task("predictions", 5.0, PredictionCollector(database, deployer.predictions).work),
    ]


def checkpoint_now(platform: Platform) -> None:
    """Order and sign everything that is committed at this moment."""
    while sequence(platform.desk.database):
        pass
    checkpoint(platform.desk.database, platform.desk.clock, platform.keys.audit, platform.witness.sink)


class Deployer:
    """Brings the prediction server to what is declared. Knows the table it applied last."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._client = ControlClient(str(serving_control(platform.settings.home)))
        self._cache = LocalModels(platform.blobs, platform.settings.home / "serving" / "models")
        self._applied: DeploymentTable | None = None
        self._wanted = True
        self._seen = platform.desk.clock.monotonic()

    def wanted(self) -> None:
        self._wanted = True

    def work(self) -> bool:
        """Bring the server to the table. Returns False: once is enough.

        All processes start together, and one that crashed is started again: a server that is away for a moment
        is no news, and what is wanted is done when it is back.
        """
        try:
            self._bring()
        except TenutoError as error:
            if error.fault is HOST_AWAY and self._platform.desk.clock.monotonic() - self._seen < _ABSENCE:
                return False
            raise
        self._seen = self._platform.desk.clock.monotonic()
        return False

    def predictions(self, after: str, limit: int) -> tuple[str, list[PredictionRecord]]:
        """Return what the server was asked for since the mark ``after``, and the next mark."""
        return asyncio.run(self._client.predictions(after, limit))

    def _bring(self) -> None:
        """Apply the table if it changed, or if the server lost it."""
        table = self._read()
        if not self._wanted and self._applied is not None and self._served(table):
            return
        outcome = asyncio.run(self._client.apply(table))
        for endpoint in outcome.endpoints:
            for error in endpoint.errors:
                _log.error("endpoint.not_deployed endpoint=%s error=%s", endpoint.endpoint, error)
        self._applied, self._wanted = table, False

    def _read(self) -> DeploymentTable:
        with self._platform.desk.database.begin(
            Scope(system_actor("deployments")), Role.SYSTEM, one_moment=True
        ) as tx:
            return deployment_table(tx, self._cache.fetch)

    def _served(self, table: DeploymentTable) -> bool:
        assert self._applied is not None
        if table.deployments != self._applied.deployments:
            return False
        return asyncio.run(self._client.status()).revision >= self._applied.revision


class LocalModels:
    """Model files as the prediction server reads them: local, named by digest, never changed."""

    def __init__(self, blobs: Blobs, folder: Path) -> None:
        self._blobs = blobs
        self._folder = folder

    def fetch(self, digest: str) -> Path:
        path = self._folder / digest.removeprefix("sha256:")
        if not path.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._folder) as own:
                self._blobs.fetch(digest, Path(own) / "model").replace(path)
        return path


def _dispatch(platform: Platform, subscribers: Mapping[str, Subscriber]) -> bool:
    def hand_out(delivery: Delivery) -> None:
        subscriber = subscribers.get(delivery.event.type)
        if subscriber is None:
            return
        try:
            subscriber(delivery)
        except TenutoError as error:
            _log.warning("event.undelivered type=%s fault=%s", delivery.event.type, error.fault.code)
            raise

    return deliver(platform.desk.database, Scope(system_actor("outbox")), hand_out) > 0
