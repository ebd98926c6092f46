"""A native model: one supervised process behind a micro-batching queue."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import msgspec

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.serving.errors import MODEL_CRASHED, MODEL_NOT_READY
from tenuto.serving.models.batching import Batcher
from tenuto.serving.models.model import seconds_for
from tenuto.serving.models.process import NativeProcess, ProcessEndedError
from tenuto.serving.models.proof import check_answer, sample_call
from tenuto.serving.rules import restart_delay
from tenuto.serving.words import ModelSpec, ModelStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenuto.serving.protocol.arrays import Array
    from tenuto.serving.protocol.call import InferCall

_LOG = logging.getLogger(__name__)
_STEADY_SECONDS = 60.0  # a process that lived this long starts with a clean record


class NativeSettings(msgspec.Struct, frozen=True):
    memory_bytes: int = 4 << 30
    start_seconds: float = 60.0
    batch_rows: int = 256
    queue_rows: int = 10_000


class NativeModel:
    """Supervises the process: what dies or hangs is replaced, with growing pauses, and proven again."""

    def __init__(
        self, spec: ModelSpec, settings: NativeSettings, clock: Clock, process: NativeProcess
    ) -> None:
        self.spec = spec
        self._settings = settings
        self._clock = clock
        self._process = process
        self._ready = asyncio.Event()
        self._ready.set()
        self._failures = 0
        self._restarts = 0
        self._requests = 0
        self._in_flight = 0
        self._last_error = ""
        self._batcher = Batcher(self._compute, settings.batch_rows, settings.queue_rows)
        self._supervisor = asyncio.create_task(self._supervise())

    @classmethod
    async def load(cls, spec: ModelSpec, settings: NativeSettings, clock: Clock) -> NativeModel:
        return cls(spec, settings, clock, await proven(spec, settings))

    @property
    def ready(self) -> bool:
        return self._ready.is_set()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def predict(self, call: InferCall) -> Mapping[str, Array]:
        if not self.ready:
            wait = max(1, round(restart_delay(self._failures)))
            raise TenutoError(MODEL_NOT_READY, self._last_error, retry_after_seconds=wait)
        self._requests += 1
        self._in_flight += 1
        try:
            return await self._batcher.submit(call, seconds_for(self.spec, call))
        finally:
            self._in_flight -= 1

    def status(self) -> ModelStatus:
        return ModelStatus(
            self.spec.name,
            self.spec.version,
            self.spec.format,
            self.ready,
            self._in_flight,
            self._requests,
            batches=dict(self._batcher.sizes),
            restarts=self._restarts,
            last_error=self._last_error,
            isolation=self._process.isolation,
        )

    async def close(self) -> None:
        self._ready.clear()
        self._supervisor.cancel()
        await asyncio.gather(self._supervisor, return_exceptions=True)
        await self._batcher.close()
        await self._process.end()

    async def _compute(self, inputs: Mapping[str, Array], wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Who was already waiting when the process died waits for the next one, within the deadline."""
        await self._ready.wait()
        process = self._process
        try:
            return await process.ask(inputs, wanted, self.spec.deadline_seconds)
        except ProcessEndedError as error:
            if process is self._process:
                self._ready.clear()
            raise TenutoError(MODEL_CRASHED, str(error), retry_after_seconds=1) from error

    async def _supervise(self) -> None:
        while True:
            started = self._clock.monotonic()
            self._last_error = await self._process.ended()
            self._ready.clear()
            if self._clock.monotonic() - started > _STEADY_SECONDS:
                self._failures = 0
            await self._replace()

    async def _replace(self) -> None:
        while True:
            self._failures += 1
            _LOG.warning("model %s %s: %s", self.spec.name, self.spec.version, self._last_error)
            await asyncio.sleep(restart_delay(self._failures))
            try:
                self._process = await proven(self.spec, self._settings)
            except TenutoError as error:
                self._last_error = str(error)
                continue
            self._restarts += 1
            self._ready.set()
            return


async def proven(spec: ModelSpec, settings: NativeSettings) -> NativeProcess:
    """Start a process and let it predict the stored sample before anybody else's rows."""
    call = sample_call(spec)
    process = await NativeProcess.start(spec, settings.memory_bytes, settings.start_seconds)
    try:
        check_answer(spec, call, await process.ask(call.inputs, call.outputs, settings.start_seconds))
    except ProcessEndedError as error:
        raise TenutoError(MODEL_CRASHED, f"on its stored sample: {error}") from error
    except BaseException:
        await process.end()
        raise
    return process
