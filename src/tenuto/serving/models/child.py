"""The process of one native model: confine, verify, open, then answer until the server hangs up.

Run as ``python -I -m tenuto.serving.models.child FD``. Everything it needs comes over that one socket.
"""

from __future__ import annotations

import socket
import sys
import warnings
from typing import TYPE_CHECKING, Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.serving.errors import MODEL_FAILED, MODEL_REFUSED
from tenuto.serving.models.confinement import confine
from tenuto.serving.models.files import read_verified
from tenuto.serving.models.frames import (
    LENGTHS,
    Opening,
    Question,
    Reply,
    pack,
    pack_reply,
    unpack_tensors,
)

if TYPE_CHECKING:
    from tenuto.serving.words import ModelSpec

_LONGEST_DETAIL = 500


def main(descriptor: int) -> None:
    """Serve on the inherited socket. Returns when the other end is closed."""
    with socket.socket(fileno=descriptor) as door:
        opening = msgspec.json.decode(_receive(door)[0], type=Opening)
        isolation = confine(opening.memory_bytes)
        try:
            estimator = _open(opening.spec)
        except TenutoError as error:
            door.sendall(pack(Reply(error=(error.fault.code, error.detail))))
            return
        door.sendall(pack(Reply(isolation=isolation)))
        _answer_all(door, estimator, opening.spec)


def _open(spec: ModelSpec) -> Any:
    content = read_verified(spec.path, spec.digest)
    from tenuto.serving.models.estimators import run_serially
    from tenuto.serving.models.opening import open_estimator

    estimator = open_estimator(spec, content)
    run_serially(estimator)
    return estimator


def _answer_all(door: socket.socket, estimator: Any, spec: ModelSpec) -> None:
    while True:
        try:
            text, payload = _receive(door)
        except EOFError:
            return
        door.sendall(_answer(estimator, spec, msgspec.json.decode(text, type=Question), payload))


def _answer(estimator: Any, spec: ModelSpec, question: Question, payload: bytearray) -> bytes:
    from tenuto.serving.models.estimators import answer, features_of

    try:
        inputs = unpack_tensors(question.tensors, payload)
        features = features_of(estimator, spec.signature, inputs)
        return pack_reply(answer(estimator, features, question.wanted))
    except ValueError as error:  # scikit-learn's word for values it does not take
        return _error(MODEL_REFUSED.code, error)
    except Exception as error:  # noqa: BLE001 -- the model is foreign code; it may raise anything
        return _error(MODEL_FAILED.code, error)


def _error(code: str, error: Exception) -> bytes:
    return pack(Reply(error=(code, f"{type(error).__name__}: {error}"[:_LONGEST_DETAIL])))


def _receive(door: socket.socket) -> tuple[bytes, bytearray]:
    """Tensors stay in a bytearray: some estimators insist on writable memory."""
    json_length, payload_length = LENGTHS.unpack(_exactly(door, LENGTHS.size))
    return bytes(_exactly(door, json_length)), _exactly(door, payload_length)


def _exactly(door: socket.socket, count: int) -> bytearray:
    buffer = bytearray(count)
    view = memoryview(buffer)
    while view:
        received = door.recv_into(view)
        if received == 0:
            raise EOFError
        view = view[received:]
    return buffer


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # nobody reads them here; a wrong answer is found by the stored sample
    main(int(sys.argv[1]))
