from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import (
    HOST_OVERLOADED,
    MODEL_DEADLINE,
    MODEL_FAILED,
    MODEL_NOT_READY,
    MODEL_REFUSED,
)
from tenuto.serving.models.batching import Batcher
from tenuto.serving.protocol.call import InferCall

BAD = -1.0


class Doubler:
    """Doubles every value; refuses a batch that holds ``BAD``; can be held up."""

    def __init__(self) -> None:
        self.batches: list[list[float]] = []
        self.wanted: list[tuple[str, ...]] = []
        self.free = asyncio.Event()
        self.free.set()

    async def __call__(self, inputs: Mapping[str, Any], wanted: tuple[str, ...]) -> Mapping[str, Any]:
        self.batches.append(inputs["x"].ravel().tolist())
        self.wanted.append(wanted)
        await self.free.wait()
        if BAD in inputs["x"]:
            raise TenutoError(MODEL_REFUSED, "bad")
        return dict.fromkeys(wanted, inputs["x"] * 2)


def _call(*values: float, wanted: tuple[str, ...] = ("y",), parameters: bytes = b"{}") -> InferCall:
    rows = np.array(values).reshape(-1, 1)
    return InferCall(inputs={"x": rows}, rows=len(rows), outputs=wanted, parameters=parameters)


def _run(scenario: Any, *, compute: Any = None, row_limit: int = 4, queue_rows: int = 100) -> Any:
    async def play() -> Any:
        model = compute or Doubler()
        batcher = Batcher(model, row_limit, queue_rows)
        try:
            return await scenario(batcher, model)
        finally:
            await batcher.close()

    return asyncio.run(play())


def test_what_arrives_together_is_computed_together_and_split_again() -> None:
    async def scenario(batcher: Batcher, model: Doubler) -> None:
        first, second = await asyncio.gather(batcher.submit(_call(1, 2), 5), batcher.submit(_call(3), 5))
        assert first["y"].ravel().tolist() == [2, 4]
        assert second["y"].ravel().tolist() == [6]
        assert model.batches == [[1, 2, 3]]
        assert batcher.sizes == {"4": 1}

    _run(scenario)


def test_other_outputs_or_parameters_are_never_computed_together() -> None:
    async def scenario(batcher: Batcher, model: Doubler) -> None:
        calls = [_call(1), _call(2, wanted=("z",)), _call(3, parameters=b'{"a":1}'), _call(4)]
        answers = await asyncio.gather(*(batcher.submit(call, 5) for call in calls))
        assert [list(answer) for answer in answers] == [["y"], ["z"], ["y"], ["y"]]
        assert model.batches == [[1, 4], [2], [3]]

    _run(scenario)


def test_bad_rows_fail_for_their_caller_only() -> None:
    async def scenario(batcher: Batcher, model: Doubler) -> None:
        calls = (_call(1), _call(BAD), _call(3))
        answers = await asyncio.gather(*(batcher.submit(call, 5) for call in calls), return_exceptions=True)
        assert answers[0]["y"].tolist() == [[2]]
        assert isinstance(answers[1], TenutoError)
        assert answers[1].fault is MODEL_REFUSED
        assert answers[2]["y"].tolist() == [[6]]
        assert model.batches == [[1, BAD, 3], [1], [BAD], [3]]

    _run(scenario)


def test_a_model_that_does_not_answer_row_by_row_is_asked_for_each_caller() -> None:
    async def total(inputs: Mapping[str, Any], wanted: tuple[str, ...]) -> Mapping[str, Any]:
        return {"y": inputs["x"].sum(axis=0)}

    async def scenario(batcher: Batcher, _: Any) -> None:
        answers = await asyncio.gather(batcher.submit(_call(1, 2), 5), batcher.submit(_call(3), 5))
        assert [answer["y"].tolist() for answer in answers] == [[3], [3]]

    _run(scenario, compute=total)


def test_who_waits_too_long_is_told_and_his_rows_are_not_computed() -> None:
    async def scenario(batcher: Batcher, model: Doubler) -> None:
        model.free.clear()
        busy = asyncio.create_task(batcher.submit(_call(1), 5))
        await asyncio.sleep(0.01)
        with pytest.raises(TenutoError) as caught:
            await batcher.submit(_call(2), 0.01)
        assert caught.value.fault is MODEL_DEADLINE
        model.free.set()
        assert (await busy)["y"].tolist() == [[2]]
        await batcher.submit(_call(3), 5)
        assert model.batches == [[1], [3]]

    _run(scenario)


def test_a_full_queue_refuses_but_never_the_first_request() -> None:
    async def scenario(batcher: Batcher, model: Doubler) -> None:
        assert (await batcher.submit(_call(1, 2, 3, 4, 5, 6), 5))["y"].shape == (6, 1)
        model.free.clear()
        waiting = [asyncio.create_task(batcher.submit(_call(1, 2), 5)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(TenutoError) as caught:
            await batcher.submit(_call(1), 5)
        assert caught.value.fault is HOST_OVERLOADED
        assert caught.value.context["retry_after_seconds"] == 1
        model.free.set()
        await asyncio.gather(*waiting)
        await batcher.submit(_call(1), 5)

    _run(scenario, queue_rows=4)


def test_an_error_of_our_own_fails_the_request_and_not_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(inputs: Mapping[str, Any], wanted: tuple[str, ...]) -> Mapping[str, Any]:
        raise RuntimeError(inputs["x"].item())

    async def scenario(batcher: Batcher, _: Any) -> None:
        for _ in range(2):
            with pytest.raises(TenutoError) as caught:
                await batcher.submit(_call(1), 5)
            assert caught.value.fault is MODEL_FAILED

    _run(scenario, compute=broken)
    assert "a batch failed" in caplog.text


def test_closing_answers_whoever_waits() -> None:
    async def scenario(batcher: Batcher, model: Doubler) -> None:
        model.free.clear()
        tasks = [asyncio.create_task(batcher.submit(_call(1), 5)) for _ in range(8)]
        await asyncio.sleep(0.01)
        await batcher.close()
        for error in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(error, TenutoError)
            assert error.fault is MODEL_NOT_READY

    _run(scenario)
