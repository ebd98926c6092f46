"""From the bytes of an infer request to a checked call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import REQUEST_MALFORMED, REQUEST_OUTPUT, REQUEST_PARAMETER
from tenuto.serving.protocol.binary import from_bytes
from tenuto.serving.protocol.call import InferCall
from tenuto.serving.protocol.checks import (
    check_form,
    check_names,
    check_values,
    count_rows,
    wrong_tensor,
)
from tenuto.serving.protocol.messages import InferMessage, InputMessage
from tenuto.serving.protocol.values import from_json
from tenuto.serving.words import Signature, TensorSpec

if TYPE_CHECKING:
    from tenuto.serving.protocol.arrays import Array

_MESSAGE = msgspec.json.Decoder(InferMessage)
_PARAMETERS = msgspec.json.Encoder(order="sorted")
_OWN_PARAMETERS = frozenset({"binary_data_output", "timeout"})
# What would change the answer and is not done here is refused, never ignored.
_REFUSED_PARAMETERS = frozenset(
    {
        "classification",
        "priority",
        "sequence_end",
        "sequence_id",
        "sequence_start",
        "shared_memory_byte_size",
        "shared_memory_offset",
        "shared_memory_region",
    }
)


def decode_request(body: bytes, signature: Signature, json_length: int | None = None) -> InferCall:
    """Read an infer request for a model of this signature.

    ``json_length`` is the header ``Inference-Header-Content-Length``: behind that many bytes of JSON the
    binary data of the inputs follows, in their order. Raises ``REQUEST_*``.
    """
    message, tail = _split(body, json_length)
    _check_parameters(message)
    check_names(signature.inputs, [tensor.name for tensor in message.inputs])
    specs = {spec.name: spec for spec in signature.inputs}
    for tensor in message.inputs:
        check_form(specs[tensor.name], tensor.datatype, tensor.shape)
    rows = count_rows(signature.inputs, {tensor.name: tensor.shape for tensor in message.inputs})
    arrays = _arrays(message.inputs, specs, tail)
    wanted, binary = _outputs(message, signature)
    return InferCall(
        inputs=arrays,
        rows=rows,
        outputs=wanted,
        binary=binary,
        id=message.id,
        parameters=_own(message.parameters),
        timeout_seconds=_timeout(message.parameters),
    )


def _split(body: bytes, json_length: int | None) -> tuple[InferMessage, memoryview]:
    length = len(body) if json_length is None else json_length
    if not 0 <= length <= len(body):
        raise TenutoError(
            REQUEST_MALFORMED, f"Inference-Header-Content-Length is {length}, the body has {len(body)} bytes"
        )
    view = memoryview(body)
    try:
        return _MESSAGE.decode(view[:length]), view[length:]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TenutoError(REQUEST_MALFORMED, str(error)) from error


def _check_parameters(message: InferMessage) -> None:
    places = [message.parameters]
    places += [tensor.parameters for tensor in message.inputs]
    places += [output.parameters for output in message.outputs]
    for parameters in places:
        for name in parameters:
            if name in _REFUSED_PARAMETERS:
                raise TenutoError(REQUEST_PARAMETER, f"{name!r} is not supported", parameter=name)


def _arrays(tensors: list[InputMessage], specs: dict[str, TensorSpec], tail: memoryview) -> dict[str, Array]:
    arrays = {}
    for tensor in tensors:
        spec = specs[tensor.name]
        size = tensor.parameters.get("binary_data_size")
        if size is None:
            arrays[tensor.name] = _json_array(tensor, spec)
        else:
            arrays[tensor.name] = _binary_array(tensor, spec, tail, size)
            tail = tail[size:]
        check_values(spec, arrays[tensor.name])
    if tail:
        raise TenutoError(REQUEST_MALFORMED, f"{len(tail)} bytes follow the last tensor")
    return arrays


def _json_array(tensor: InputMessage, spec: TensorSpec) -> Array:
    raw = bytes(tensor.data)
    if not raw:
        raise wrong_tensor(tensor.name, "neither `data` nor `binary_data_size` is given")
    return from_json(raw, spec.datatype, tensor.shape, tensor.name, missing=spec.missing)


def _binary_array(tensor: InputMessage, spec: TensorSpec, tail: memoryview, size: Any) -> Array:
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise wrong_tensor(tensor.name, "binary_data_size is not a number of bytes")
    if bytes(tensor.data):
        raise wrong_tensor(tensor.name, "both `data` and `binary_data_size` are given")
    if size > len(tail):
        raise wrong_tensor(tensor.name, f"binary_data_size is {size}, but only {len(tail)} bytes are left")
    return from_bytes(tail[:size], spec.datatype, tensor.shape, tensor.name, missing=spec.missing)


def _outputs(message: InferMessage, signature: Signature) -> tuple[tuple[str, ...], frozenset[str]]:
    known = [spec.name for spec in signature.outputs]
    everywhere = _flag(message.parameters, "binary_data_output", default=False)
    if not message.outputs:
        return tuple(known), frozenset(known if everywhere else ())
    wanted = tuple(output.name for output in message.outputs)
    for name in wanted:
        if name not in known or wanted.count(name) > 1:
            raise TenutoError(
                REQUEST_OUTPUT, f"{name!r}: this model gives {', '.join(known)}, each once", output=name
            )
    chosen = (
        output.name
        for output in message.outputs
        if _flag(output.parameters, "binary_data", default=everywhere)
    )
    return wanted, frozenset(chosen)


def _flag(parameters: dict[str, Any], name: str, *, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise TenutoError(REQUEST_PARAMETER, f"{name!r} is true or false", parameter=name)
    return value


def _timeout(parameters: dict[str, Any]) -> float | None:
    """The parameter counts microseconds; it can only shorten the deployment's deadline."""
    value = parameters.get("timeout")
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise TenutoError(
            REQUEST_PARAMETER, "'timeout' is a positive number of microseconds", parameter="timeout"
        )
    return value / 1_000_000


def _own(parameters: dict[str, Any]) -> bytes:
    if not parameters:
        return b"{}"
    return _PARAMETERS.encode({name: parameters[name] for name in parameters if name not in _OWN_PARAMETERS})
