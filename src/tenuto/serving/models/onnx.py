"""An ONNX model, computed by onnxruntime in the serving process.

Small requests are computed where they arrive: handing them to a thread would cost more than the model does.
What is too large for that goes to a few threads, so that one big request does not hold up the others. A
watchdog ends what runs past its deadline in either place.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.serving.errors import (
    HOST_OVERLOADED,
    MODEL_DEADLINE,
    MODEL_FAILED,
    MODEL_REFUSED,
    MODEL_SIGNATURE,
    MODEL_UNREADABLE,
)
from tenuto.serving.libraries import require
from tenuto.serving.models.files import read_verified
from tenuto.serving.models.model import seconds_for
from tenuto.serving.models.proof import check_answer, sample_call
from tenuto.serving.protocol.datatypes import ONNX_TYPES
from tenuto.serving.words import ModelSpec, ModelStatus, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenuto.serving.protocol.arrays import Array
    from tenuto.serving.protocol.call import InferCall

_INLINE_SECONDS = 0.002  # how long one request may keep the event loop
_THREADS = 2
_WAITING = 64
_TICK = 0.1
_FATAL = 4
# Where onnxruntime would look for weights kept outside the file: no digest covers those, so nothing can lie there.
_NOWHERE = "/dev/null/nowhere"


class OnnxEngine:
    """What the ONNX models of one server share: the threads for large requests, and the watchdog."""

    def __init__(self, clock: Clock) -> None:
        require("numpy", "onnxruntime")
        self.clock = clock
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="onnx")
        self._running: dict[Any, float] = {}
        self._closing = threading.Event()
        self._watchdog = threading.Thread(target=self._watch, name="onnx-watchdog", daemon=True)
        self._watchdog.start()

    def run(
        self, session: Any, inputs: Mapping[str, Array], wanted: tuple[str, ...], deadline: float
    ) -> Mapping[str, Array]:
        """Compute on this thread, until ``deadline`` on the monotonic clock. Raises ``MODEL_*``."""
        import onnxruntime

        options = onnxruntime.RunOptions()
        options.log_severity_level = _FATAL  # its complaints come back as exceptions
        self._running[options] = deadline
        try:
            return dict(zip(wanted, session.run(list(wanted), inputs, options), strict=True))
        except Exception as error:  # onnxruntime's exceptions have no common base of their own
            if options.terminate:
                raise TenutoError(MODEL_DEADLINE, "it was stopped", retry_after_seconds=1) from error
            refused = type(error).__name__ == "InvalidArgument"
            raise TenutoError(MODEL_REFUSED if refused else MODEL_FAILED, str(error)[:500]) from error
        finally:
            del self._running[options]

    def close(self) -> None:
        self._closing.set()
        for options in list(self._running):
            options.terminate = True
        self.threads.shutdown(wait=True)
        self._watchdog.join()

    def _watch(self) -> None:
        while not self._closing.wait(_TICK):
            now = self.clock.monotonic()
            for options, deadline in list(self._running.items()):
                if deadline < now:
                    options.terminate = True


class OnnxModel:
    def __init__(self, spec: ModelSpec, session: Any, engine: OnnxEngine) -> None:
        self.spec = spec
        self._session = session
        self._engine = engine
        self._inline_rows = 0
        self._requests = 0
        self._in_flight = 0

    @classmethod
    async def load(cls, spec: ModelSpec, engine: OnnxEngine) -> OnnxModel:
        """Verify, open and prove the model, on a thread. Raises ``MODEL_*``."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(engine.threads, cls._open, spec, engine)

    @classmethod
    def _open(cls, spec: ModelSpec, engine: OnnxEngine) -> OnnxModel:
        model = cls(spec, open_session(read_verified(spec.path, spec.digest)), engine)
        check_session(model._session, spec)
        model._prove()
        return model

    def _prove(self) -> None:
        """Predict the sample a few times: to see that it is right, and what a row costs."""
        call = sample_call(self.spec)
        clock = self._engine.clock
        costs = []
        for _ in range(4):
            started = clock.monotonic()
            deadline = started + self.spec.deadline_seconds
            outputs = self._engine.run(self._session, call.inputs, call.outputs, deadline)
            costs.append(clock.monotonic() - started)
            check_answer(self.spec, call, outputs)
        self._inline_rows = int(_INLINE_SECONDS / max(min(costs), 1e-6) * call.rows)

    @property
    def ready(self) -> bool:
        return True

    async def predict(self, call: InferCall) -> Mapping[str, Array]:
        self._requests += 1
        deadline = self._engine.clock.monotonic() + seconds_for(self.spec, call)
        if call.rows <= self._inline_rows:
            return self._engine.run(self._session, call.inputs, call.outputs, deadline)
        if self._in_flight >= _WAITING:
            raise TenutoError(
                HOST_OVERLOADED, f"{self._in_flight} requests are waiting", retry_after_seconds=1
            )
        self._in_flight += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._engine.threads, self._engine.run, self._session, call.inputs, call.outputs, deadline
            )
        finally:
            self._in_flight -= 1

    def status(self) -> ModelStatus:
        return ModelStatus(
            self.spec.name, self.spec.version, self.spec.format, True, self._in_flight, self._requests
        )

    async def close(self) -> None:
        """Nothing to end: the session goes with its last reference."""


def open_session(content: bytes) -> Any:
    """An onnxruntime session on the CPU, with one thread. Raises ``MODEL_UNREADABLE``."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", _NOWHERE)
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above: no common base
        raise TenutoError(MODEL_UNREADABLE, str(error)[:500]) from error


def check_session(session: Any, spec: ModelSpec) -> None:
    """Compare the graph's own inputs and outputs with the signature, before anything runs."""
    found = {entry.name: entry for entry in session.get_inputs()}
    for tensor in spec.signature.inputs:
        _check_entry(found.pop(tensor.name, None), tensor, "input")
    if found:
        raise TenutoError(MODEL_SIGNATURE, f"the model also needs {', '.join(found)}")
    outputs = {entry.name: entry for entry in session.get_outputs()}
    for tensor in spec.signature.outputs:
        _check_entry(outputs.get(tensor.name), tensor, "output")


def _check_entry(entry: Any, tensor: TensorSpec, role: str) -> None:
    if entry is None:
        raise TenutoError(MODEL_SIGNATURE, f"the model has no {role} {tensor.name!r}")
    if entry.type != ONNX_TYPES[tensor.datatype]:
        raise TenutoError(
            MODEL_SIGNATURE, f"{role} {tensor.name!r} is {entry.type}, expected {ONNX_TYPES[tensor.datatype]}"
        )
