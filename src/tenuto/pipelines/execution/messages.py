"""What a step's process and its parent say to each other: JSON in frames, over a socket."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.graph import Output, Returns
from tenuto.core.value_types import ValueType
from tenuto.pipelines.errors import STEP_TALK_BROKEN
from tenuto.pipelines.words import AttemptItem, ItemOutcome, StoredValue

LARGEST_FRAME = 64 * 2**20
_LENGTH = struct.Struct(">I")


class Limits(msgspec.Struct, frozen=True):
    """Bounds of a step's process. ``memory_bytes`` come on top of what it starts with."""

    open_files: int = 4096
    file_bytes: int = 64 * 2**30
    memory_bytes: int | None = None
    cpu_seconds: int | None = None
    threads: int = 1


class StepSpec(msgspec.Struct, frozen=True):
    """What the step's process is told. Paths are absolute."""

    step: str
    items: tuple[AttemptItem, ...]
    inputs: dict[str, StoredValue]
    input_types: dict[str, ValueType]
    outputs: tuple[Output, ...]
    returns: Returns
    files: dict[str, str]
    code_folder: str
    output_folder: str
    scratch: str
    limits: Limits = Limits()
    sandboxed: bool = True


class Confined(msgspec.Struct, frozen=True, tag="confined"):
    """The first answer: what of the confinement holds."""

    isolation: tuple[str, ...]


class Started(msgspec.Struct, frozen=True, tag="started"):
    position: int  # in the attempt's items


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    position: int
    outcome: ItemOutcome


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """Every item has ended; the process is about to."""


Answer = Confined | Started | Ended | Finished


class Born(msgspec.Struct, frozen=True, tag="born"):
    """Said over the attempt's status pipe by the step's process: it leads a process group of its own."""

    pid: int


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Said by the zygote: it cannot fork, and why."""

    reason: str


class Gone(msgspec.Struct, frozen=True, tag="gone"):
    """Said by the zygote: the process and its group are no more. ``code`` is negative for a signal."""

    code: int
    cpu_seconds: float
    peak_memory_bytes: int


Word = Born | Refused | Gone


class ZygoteConfig(msgspec.Struct, frozen=True):
    preload: tuple[str, ...]
    idle_seconds: float


def frame(message: msgspec.Struct) -> bytes:
    content = msgspec.json.encode(message)
    if len(content) > LARGEST_FRAME:
        raise TenutoError(STEP_TALK_BROKEN, f"a message of {len(content)} bytes")
    return _LENGTH.pack(len(content)) + content


def line(word: Word) -> bytes:
    return msgspec.json.encode(word) + b"\n"


class Frames:
    """Turns bytes, as they come, into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, content: bytes) -> Iterator[bytes]:
        """Yield the frames that are complete now. Raises on one that is too long."""
        self._buffer += content
        while len(self._buffer) >= _LENGTH.size:
            [length] = _LENGTH.unpack_from(self._buffer)
            if length > LARGEST_FRAME:
                raise TenutoError(STEP_TALK_BROKEN, f"a message of {length} bytes")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            yield bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]


def read_answer(content: bytes) -> Answer:
    try:
        answer: Answer = msgspec.json.decode(content, type=Answer)
    except msgspec.DecodeError as error:
        raise TenutoError(STEP_TALK_BROKEN, str(error)) from error
    return answer


def receive_spec(channel: socket.socket) -> StepSpec | None:
    """Wait for the spec; None when the parent went away first."""
    frames = Frames()
    while content := channel.recv(1 << 16):
        for one in frames.feed(content):
            return msgspec.json.decode(one, type=StepSpec)
    return None
