"""From a model's arrays to the bytes of an infer response, and the protocol's other answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.serving.protocol.binary import to_bytes
from tenuto.serving.protocol.messages import AnswerMessage, AnswerTensor
from tenuto.serving.protocol.values import to_json
from tenuto.serving.words import ModelFormat, ModelSpec, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenuto.serving.protocol.arrays import Array
    from tenuto.serving.protocol.call import InferCall

_ENCODER = msgspec.json.Encoder()
_PLATFORMS = {
    ModelFormat.ONNX: "onnxruntime_onnx",
    ModelFormat.SKOPS: "sklearn_skops",
    ModelFormat.PICKLE: "sklearn_pickle",
}
HEADER_LENGTH = "inference-header-content-length"


class Answer(msgspec.Struct, frozen=True):
    """A response body; ``json_length`` is set when binary data follows that many bytes of JSON."""

    body: bytes
    json_length: int | None = None


def encode_answer(endpoint: str, spec: ModelSpec, call: InferCall, outputs: Mapping[str, Array]) -> Answer:
    """Write the wanted outputs. Raises ``REQUEST_OUTPUT`` when JSON cannot carry one of them."""
    specs = {output.name: output for output in spec.signature.outputs}
    tensors: list[AnswerTensor] = []
    chunks: list[bytes] = []
    for name in call.outputs:
        tensor, chunk = _tensor(specs[name], outputs[name], binary=name in call.binary)
        tensors.append(tensor)
        chunks += chunk
    text = _ENCODER.encode(AnswerMessage(endpoint, spec.version, tensors, call.id))
    if not call.binary:
        return Answer(text)
    return Answer(b"".join((text, *chunks)), len(text))


def _tensor(spec: TensorSpec, array: Array, *, binary: bool) -> tuple[AnswerTensor, list[bytes]]:
    tensor = AnswerTensor(spec.name, spec.datatype.value, list(array.shape))
    if not binary:
        tensor.data = to_json(array, spec.datatype, spec.name)
        return tensor, []
    chunk = to_bytes(array, spec.datatype)
    tensor.parameters = {"binary_data_size": len(chunk)}
    return tensor, [chunk]


def encode_error(error: TenutoError) -> bytes:
    """The protocol wants ``error`` as one text; code, fix and the rest stand beside it for machines."""
    text = f"{error}. {error.fault.fix}"
    return _ENCODER.encode({"error": text, **error.as_json()})


def server_metadata(version: str) -> bytes:
    return _ENCODER.encode({"name": "tenuto", "version": version, "extensions": ["binary_tensor_data"]})


def model_metadata(endpoint: str, spec: ModelSpec, versions: list[str]) -> bytes:
    return _ENCODER.encode(
        {
            "name": endpoint,
            "versions": versions,
            "platform": _PLATFORMS[spec.format],
            "inputs": [_described(tensor) for tensor in spec.signature.inputs],
            "outputs": [_described(tensor) for tensor in spec.signature.outputs],
            "parameters": {
                "model": spec.name,
                "digest": spec.digest,
                "features": spec.signature.features,
                "classes": spec.signature.classes,
            },
        }
    )


def _described(spec: TensorSpec) -> dict[str, Any]:
    described = {"name": spec.name, "datatype": spec.datatype.value, "shape": spec.shape}
    return described | {"parameters": {"missing": True}} if spec.missing else described
