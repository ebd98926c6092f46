"""The words of scanning a model file."""

from __future__ import annotations

from enum import Enum

import msgspec

from tenuto.core.words import Effect, Verdict


class DeclaredFormat(Enum):
    """What the person who uploads a file says it is."""

    SKLEARN = "sklearn"  # a pickle, or what joblib writes
    SKOPS = "skops"
    ONNX = "onnx"
    SAFETENSORS = "safetensors"
    NUMPY = "numpy"  # .npy or .npz
    JSON = "json"
    CSV = "csv"


class FileFormat(Enum):
    """What a file is by its content, and so which reader the verdict is about. No other may open it."""

    PICKLE = "pickle"
    JOBLIB = "joblib"  # a pickle with arrays written in between, or one that is compressed
    SKOPS = "skops"
    ONNX = "onnx"
    SAFETENSORS = "safetensors"
    NPY = "npy"
    NPZ = "npz"
    TORCH = "torch"
    JSON = "json"
    CSV = "csv"
    UNKNOWN = "unknown"


class Limits(msgspec.Struct, frozen=True):
    """How much of a file is looked at before it is refused."""

    file_bytes: int = 2**32 - 1
    unpacked_bytes: int = 2**32 - 1  # of all that is compressed in it together
    opcodes: int = 5_000_000
    members: int = 10_000
    line_bytes: int = 16 * 2**20  # one line of a pickle of protocol 0
    document_bytes: int = 64 * 2**20  # JSON and headers, which are read at once


DEFAULT_LIMITS = Limits()


class ScanFinding(msgspec.Struct, frozen=True):
    """One reason to refuse: ``rule`` is stable, ``where`` names a place in the file, ``what`` is for people."""

    rule: str
    where: str
    what: str


class ScanVerdict(msgspec.Struct, frozen=True):
    """The verdict on exactly the bytes with this digest, opened by the reader of exactly this format.

    ``names`` lists what the file asks to import (``module:name``), so that who opens it can enforce the list.
    """

    effect: Effect
    reason: str
    rule: str
    policy_version: str
    format: FileFormat
    digest: str
    size: int
    findings: tuple[ScanFinding, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.effect is Effect.ALLOW

    def verdict(self) -> Verdict:
        return Verdict(self.effect, self.reason, self.rule, self.policy_version)
