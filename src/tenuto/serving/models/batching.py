"""Zero-wait micro-batching: a batch is what is waiting when the model becomes free. No timer, no added wait.

Every caller gets exactly its own rows. What fails in company is tried again alone, so that one caller's bad
rows fail for that caller only.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import (
    HOST_OVERLOADED,
    MODEL_DEADLINE,
    MODEL_FAILED,
    MODEL_NOT_READY,
    MODEL_SIGNATURE,
)
from tenuto.serving.rules import Waiting, choose_batch, size_class

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenuto.serving.protocol.arrays import Array
    from tenuto.serving.protocol.call import InferCall

_LOG = logging.getLogger(__name__)


class Compute(Protocol):
    """Computes rows of any number of callers at once. Any ``TenutoError`` is the batch's failure."""

    async def __call__(self, inputs: Mapping[str, Array], wanted: tuple[str, ...]) -> Mapping[str, Array]: ...


class _Item:
    """One caller's request in the queue."""

    def __init__(self, call: InferCall) -> None:
        self.call = call
        self.waiting = Waiting((call.outputs, call.parameters), call.rows)
        self.answer: asyncio.Future[Mapping[str, Array]] = asyncio.get_running_loop().create_future()


class Batcher:
    """A bounded queue before one model. ``row_limit`` bounds a batch, ``queue_rows`` what may wait."""

    def __init__(self, compute: Compute, row_limit: int, queue_rows: int) -> None:
        self._compute = compute
        self._row_limit = row_limit
        self._queue_rows = queue_rows
        self._queue: list[_Item] = []
        self._batch: list[_Item] = []
        self._rows = 0
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._work())
        self.sizes: Counter[str] = Counter()

    async def submit(self, call: InferCall, seconds: float) -> Mapping[str, Array]:
        """Wait for this caller's answer, at most ``seconds``, the time in the queue included."""
        if self._rows and self._rows + call.rows > self._queue_rows:
            raise TenutoError(HOST_OVERLOADED, f"{self._rows} rows are waiting", retry_after_seconds=1)
        item = _Item(call)
        self._queue.append(item)
        self._rows += call.rows
        self._wake.set()
        try:
            async with asyncio.timeout(seconds):
                return await item.answer
        except TimeoutError as error:
            raise TenutoError(MODEL_DEADLINE, f"after {seconds:g} s", retry_after_seconds=1) from error
        finally:
            self._rows -= call.rows

    async def close(self) -> None:
        """Stop; whoever still waits is told to try again."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for item in (*self._batch, *self._queue):
            if not item.answer.done():
                item.answer.set_exception(
                    TenutoError(MODEL_NOT_READY, "the model is being unloaded", retry_after_seconds=1)
                )

    async def _work(self) -> None:
        while True:
            self._batch = self._take()
            if not self._batch:
                self._wake.clear()
                await self._wake.wait()
                continue
            try:
                await self._serve(self._batch)
            except TenutoError as error:
                self._divide(self._batch, error)
            except Exception as error:  # noqa: BLE001 -- the loop must outlive whatever one batch does
                _LOG.exception("a batch failed")
                self._divide(self._batch, TenutoError(MODEL_FAILED, type(error).__name__))

    def _take(self) -> list[_Item]:
        self._queue = [item for item in self._queue if not item.answer.done()]
        places = set(choose_batch([item.waiting for item in self._queue], self._row_limit))
        batch = [item for place, item in enumerate(self._queue) if place in places]
        self._queue = [item for place, item in enumerate(self._queue) if place not in places]
        return batch

    async def _serve(self, batch: Sequence[_Item]) -> None:
        calls = [item.call for item in batch]
        rows = sum(call.rows for call in calls)
        self.sizes[size_class(rows)] += 1
        outputs = await self._compute(_joined(calls), calls[0].outputs)
        if len(batch) > 1:
            _check_rows(outputs, rows)
        start = 0
        for item in batch:
            end = start + item.call.rows
            if not item.answer.done():
                item.answer.set_result(
                    outputs
                    if len(batch) == 1
                    else {name: array[start:end] for name, array in outputs.items()}
                )
            start = end

    def _divide(self, batch: Sequence[_Item], error: TenutoError) -> None:
        if len(batch) > 1:
            for item in batch:
                item.waiting = Waiting(item.waiting.key, item.call.rows, alone=True)
            self._queue = [*batch, *self._queue]
        elif not batch[0].answer.done():
            batch[0].answer.set_exception(error)


def _joined(calls: Sequence[InferCall]) -> Mapping[str, Array]:
    if len(calls) == 1:
        return calls[0].inputs
    import numpy as np

    return {name: np.concatenate([call.inputs[name] for call in calls]) for name in calls[0].inputs}


def _check_rows(outputs: Mapping[str, Array], rows: int) -> None:
    """A model whose answer is not row by row cannot be shared; alone each caller still gets its answer."""
    for name, array in outputs.items():
        if array.ndim == 0 or len(array) != rows:
            raise TenutoError(MODEL_SIGNATURE, f"output {name!r} has {array.shape} for {rows} rows")
