"""The endpoints a server answers for, and how one set of them replaces another while requests run."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import HOST_STALE_TABLE, HOST_TABLE, UNKNOWN_ENDPOINT, UNKNOWN_VERSION
from tenuto.serving.models.loading import Loader
from tenuto.serving.models.model import Model
from tenuto.serving.words import (
    ApplyOutcome,
    Deployment,
    DeploymentTable,
    EndpointOutcome,
    ModelSpec,
    ModelStatus,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenuto.serving.protocol.arrays import Array
    from tenuto.serving.protocol.call import InferCall

_LOG = logging.getLogger(__name__)


class Loaded:
    """A model in service. It is closed when it was retired and its last request is done."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._in_use = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def predict(self, call: InferCall) -> Mapping[str, Array]:
        self._in_use += 1
        self._idle.clear()
        try:
            return await self.model.predict(call)
        finally:
            self._in_use -= 1
            if not self._in_use:
                self._idle.set()

    async def retire(self) -> None:
        await self._idle.wait()
        await self.model.close()


class Endpoint(msgspec.Struct, frozen=True):
    """One name and what answers under it. ``active`` answers when no version is asked for."""

    active: Loaded
    previous: Loaded | None = None

    @property
    def entries(self) -> tuple[Loaded, ...]:
        return (self.active,) if self.previous is None else (self.active, self.previous)

    @property
    def versions(self) -> dict[str, Loaded]:
        """By version; two models may count alike, then the active one is meant."""
        return {entry.model.spec.version: entry for entry in reversed(self.entries)}


class Endpoints:
    """Holds the table in force. Readers take one reference and keep it for their request."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._table: dict[str, Endpoint] = {}
        self._lock = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()
        self.revision = -1

    def find(self, name: str, version: str = "") -> tuple[Endpoint, Loaded]:
        """Raises ``UNKNOWN_ENDPOINT`` or ``UNKNOWN_VERSION``."""
        endpoint = self._table.get(name)
        if endpoint is None:
            raise TenutoError(UNKNOWN_ENDPOINT, repr(name[:100]))
        if not version:
            return endpoint, endpoint.active
        found = endpoint.versions.get(version)
        if found is None:
            raise TenutoError(UNKNOWN_VERSION, f"{name!r} serves {', '.join(endpoint.versions)}")
        return endpoint, found

    @property
    def ready(self) -> bool:
        return all(endpoint.active.model.ready for endpoint in self._table.values())

    def status(self) -> tuple[ModelStatus, ...]:
        return tuple(entry.model.status() for entry in self._entries(self._table).values())

    async def apply(self, table: DeploymentTable) -> ApplyOutcome:
        """Load, prove, then switch every endpoint in one assignment."""
        async with self._lock:
            if table.revision < self.revision:
                raise TenutoError(HOST_STALE_TABLE, f"revision {table.revision}, in place is {self.revision}")
            _check(table)
            fresh, outcomes = await self._prepare(table)
            old, self._table = self._table, fresh
            self.revision = table.revision
            self._retire(old)
            return ApplyOutcome(table.revision, outcomes)

    async def close(self) -> None:
        old, self._table = self._table, {}
        self._retire(old)
        await asyncio.gather(*self._retiring, return_exceptions=True)
        self._loader.close()

    async def _prepare(
        self, table: DeploymentTable
    ) -> tuple[dict[str, Endpoint], tuple[EndpointOutcome, ...]]:
        known = self._entries(self._table)
        fresh: dict[str, Endpoint] = {}
        outcomes = []
        try:
            for deployment in table.deployments:
                old = self._table.get(deployment.endpoint)
                endpoint, errors = await self._endpoint(deployment, known, old)
                if endpoint is not None:
                    fresh[deployment.endpoint] = endpoint
                outcomes.append(_outcome(deployment.endpoint, endpoint, errors))
        except BaseException:
            self._retire_unused(known, {})
            raise
        self._retire_unused(known, fresh)
        return fresh, tuple(outcomes)

    async def _endpoint(
        self, deployment: Deployment, known: dict[ModelSpec, Loaded], old: Endpoint | None
    ) -> tuple[Endpoint | None, list[TenutoError]]:
        """The endpoint as declared. Where the active version does not come up, the old one goes on; a server
        that starts anew, and has no old one, falls back on the declared previous version.
        """
        errors: list[TenutoError] = []
        active = await self._entry(deployment.active, known, errors)
        if active is None and old is not None:
            return old, errors
        previous = None
        if deployment.previous is not None:
            previous = await self._entry(deployment.previous, known, errors)
        if active is None:
            return (Endpoint(previous) if previous is not None else None), errors
        return Endpoint(active, previous), errors

    async def _entry(
        self, spec: ModelSpec, known: dict[ModelSpec, Loaded], errors: list[TenutoError]
    ) -> Loaded | None:
        if spec not in known:
            try:
                known[spec] = Loaded(await self._loader.load(spec))
            except TenutoError as error:
                _LOG.warning("model %s %s was not loaded: %s", spec.name, spec.version, error)
                error.context = {**error.context, "model": spec.name, "version": spec.version}
                errors.append(error)
        return known.get(spec)

    def _retire_unused(self, known: dict[ModelSpec, Loaded], fresh: dict[str, Endpoint]) -> None:
        """What was loaded for an endpoint that then kept its old version is let go again."""
        used = self._entries(self._table).keys() | self._entries(fresh).keys()
        for spec in known.keys() - used:
            self._retire_one(known[spec])

    def _retire(self, old: dict[str, Endpoint]) -> None:
        kept = self._entries(self._table)
        for spec, entry in self._entries(old).items():
            if spec not in kept:
                self._retire_one(entry)

    def _retire_one(self, entry: Loaded) -> None:
        task = asyncio.create_task(entry.retire())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    @staticmethod
    def _entries(table: dict[str, Endpoint]) -> dict[ModelSpec, Loaded]:
        return {entry.model.spec: entry for endpoint in table.values() for entry in endpoint.entries}


def _check(table: DeploymentTable) -> None:
    names = [deployment.endpoint for deployment in table.deployments]
    for name in names:
        if not name or "/" in name or not name.isprintable() or len(name) > 200:
            raise TenutoError(HOST_TABLE, f"{name[:200]!r} cannot be an endpoint's name")
        if names.count(name) > 1:
            raise TenutoError(HOST_TABLE, f"{name!r} is there twice")


def _outcome(name: str, endpoint: Endpoint | None, errors: list[TenutoError]) -> EndpointOutcome:
    told = tuple(error.as_json() for error in errors)
    if endpoint is None:
        return EndpointOutcome(name, None, (), told)
    serving = endpoint.active.model.spec.version
    warm = tuple(entry.model.spec.version for entry in endpoint.entries[1:])
    return EndpointOutcome(name, serving, warm, told)
