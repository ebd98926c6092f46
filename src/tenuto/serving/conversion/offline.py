"""Predictions of a model file without any server: what the served answers must equal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tenuto.core.clock import SystemClock
from tenuto.core.errors import TenutoError
from tenuto.serving.conversion.samples import tensors_of
from tenuto.serving.errors import MODEL_CRASHED
from tenuto.serving.models.native import NativeSettings, proven
from tenuto.serving.models.process import ProcessEndedError
from tenuto.serving.words import ModelFormat, ModelSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenuto.serving.protocol.arrays import Array


def offline_predict(spec: ModelSpec, rows: Any) -> Mapping[str, Array]:
    """Return all outputs for these rows. Native files open in a process of their own here too.

    Blocks; not for use inside a running event loop.
    """
    inputs = tensors_of(rows, spec.signature)
    wanted = tuple(output.name for output in spec.signature.outputs)
    if spec.format is ModelFormat.ONNX:
        return _onnx(spec, inputs, wanted)
    return asyncio.run(_native(spec, inputs, wanted))


def _onnx(spec: ModelSpec, inputs: Mapping[str, Array], wanted: tuple[str, ...]) -> Mapping[str, Array]:
    from tenuto.serving.models.files import read_verified
    from tenuto.serving.models.onnx import OnnxEngine, check_session, open_session

    session = open_session(read_verified(spec.path, spec.digest))
    check_session(session, spec)
    clock = SystemClock()
    engine = OnnxEngine(clock)
    try:
        return engine.run(session, inputs, wanted, clock.monotonic() + spec.deadline_seconds)
    finally:
        engine.close()


async def _native(
    spec: ModelSpec, inputs: Mapping[str, Array], wanted: tuple[str, ...]
) -> Mapping[str, Array]:
    process = await proven(spec, NativeSettings())
    try:
        return await process.ask(inputs, wanted, spec.deadline_seconds)
    except ProcessEndedError as error:
        raise TenutoError(MODEL_CRASHED, str(error)) from error
    finally:
        await process.end()
