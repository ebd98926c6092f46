"""Many callers at once: each gets exactly its own rows, whatever the others send."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import MODEL_CRASHED, MODEL_REFUSED
from tenuto.serving.models.batching import Batcher
from tenuto.serving.protocol.call import InferCall
from tenuto.serving.rules import Waiting, choose_batch

pytestmark = pytest.mark.capability("M11")
REQUESTS = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from(["y", "z"]), st.sampled_from(["good", "bad", "deadly"])),
    min_size=1,
    max_size=40,
)
WAITING = st.lists(st.builds(Waiting, st.sampled_from("ab"), st.integers(1, 9), st.booleans()), max_size=20)
TROUBLE = {"good": 0.0, "bad": 1.0, "deadly": 2.0}


class Model:
    """Adds one to each row's number; a row of trouble fails the whole computation it is part of."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.largest = 0

    async def __call__(self, inputs: Mapping[str, Any], wanted: tuple[str, ...]) -> Mapping[str, Any]:
        rows = inputs["x"]
        self.largest = max(self.largest, len(rows))
        for _ in range(self._random.randrange(3)):
            await asyncio.sleep(0)
        worst = rows[:, 1].max()
        if worst:
            raise TenutoError(MODEL_REFUSED if worst == 1 else MODEL_CRASHED)
        return {name: rows[:, :1] + (1 if name == "y" else -1) for name in wanted}


def _call(first: int, rows: int, output: str, mood: str) -> InferCall:
    numbers = np.arange(first, first + rows, dtype=float)
    x = np.column_stack([numbers, np.zeros(rows)])
    x[-1, 1] = TROUBLE[mood]
    return InferCall(inputs={"x": x}, rows=rows, outputs=(output,))


@given(REQUESTS, st.integers(1, 12), st.integers(0, 1000))
def test_each_caller_gets_its_own_rows_and_only_its_own_trouble(
    requests: list[tuple[int, str, str]], row_limit: int, seed: int
) -> None:
    async def play() -> None:
        model = Model(seed)
        batcher = Batcher(model, row_limit, 10_000)
        calls = [_call(place * 10, *request) for place, request in enumerate(requests)]
        tasks = []
        for call in calls:
            tasks.append(asyncio.create_task(batcher.submit(call, 30)))
            if random.Random(seed + len(tasks)).random() < 0.5:
                await asyncio.sleep(0)
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        await batcher.close()
        for (_, output, mood), call, answer in zip(requests, calls, answers, strict=True):
            if mood != "good":
                assert isinstance(answer, TenutoError)
                continue
            assert not isinstance(answer, BaseException)
            shift = 1 if output == "y" else -1
            assert list(answer) == [output]
            assert answer[output].ravel().tolist() == (call.inputs["x"][:, 0] + shift).tolist()
        assert model.largest <= max(row_limit, *(rows for rows, _, _ in requests), 1)

    asyncio.run(play())


@given(WAITING, st.integers(1, 12))
def test_a_batch_is_in_order_within_the_limit_and_of_one_kind(waiting: list[Waiting], limit: int) -> None:
    chosen = choose_batch(waiting, limit)
    assert chosen == sorted(set(chosen))
    if not waiting:
        return
    assert chosen[0] == 0
    batch = [waiting[place] for place in chosen]
    assert len({item.key for item in batch}) == 1
    assert len(batch) == 1 or (
        sum(item.rows for item in batch) <= limit and not any(item.alone for item in batch)
    )


@given(WAITING.filter(bool), st.integers(1, 12))
def test_nobody_waits_for_ever(waiting: list[Waiting], limit: int) -> None:
    served = 0
    left = list(waiting)
    while left:
        chosen = set(choose_batch(left, limit))
        served += len(chosen)
        left = [item for place, item in enumerate(left) if place not in chosen]
    assert served == len(waiting)
