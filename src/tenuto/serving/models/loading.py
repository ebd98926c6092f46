"""From a specification to a model that has answered its sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenuto.core.clock import Clock
from tenuto.serving.libraries import require
from tenuto.serving.models.model import Model
from tenuto.serving.models.native import NativeModel, NativeSettings
from tenuto.serving.models.opening import require_clearance
from tenuto.serving.words import ModelFormat, ModelSpec

if TYPE_CHECKING:
    from tenuto.serving.models.onnx import OnnxEngine


class Loader:
    """Loads models. numpy and onnxruntime are first imported when a first model asks for them."""

    def __init__(self, native: NativeSettings, clock: Clock) -> None:
        self._native = native
        self._clock = clock
        self._onnx: OnnxEngine | None = None

    async def load(self, spec: ModelSpec) -> Model:
        """Raises ``MODEL_*`` or ``ML_EXTRA_MISSING``; nothing stays behind then."""
        require("numpy")
        if spec.format is ModelFormat.PICKLE:
            require_clearance(spec)  # before any process touches the file
        if spec.format.native:
            return await NativeModel.load(spec, self._native, self._clock)
        from tenuto.serving.models.onnx import OnnxEngine, OnnxModel

        if self._onnx is None:
            self._onnx = OnnxEngine(self._clock)
        return await OnnxModel.load(spec, self._onnx)

    def close(self) -> None:
        """Call it after the models are closed."""
        if self._onnx is not None:
            self._onnx.close()
            self._onnx = None
