"""What the serving room speaks: tensors, signatures, models, deployments and what became of them."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from tenuto.core.words import Verdict

ANY_SIZE = -1


class Datatype(Enum):
    """The datatypes of the Open Inference Protocol that Tenuto serves."""

    BOOL = "BOOL"
    INT8 = "INT8"
    INT16 = "INT16"
    INT32 = "INT32"
    INT64 = "INT64"
    UINT8 = "UINT8"
    UINT16 = "UINT16"
    UINT32 = "UINT32"
    UINT64 = "UINT64"
    FP16 = "FP16"  # as binary data only: JSON has no 16-bit numbers
    FP32 = "FP32"
    FP64 = "FP64"
    BYTES = "BYTES"  # UTF-8 text, one element per string


class TensorSpec(msgspec.Struct, frozen=True):
    """One tensor at a model's door. A dimension of -1 is any size; a leading -1 counts the rows.

    ``missing`` lets a value be unknown: NaN, or ``null`` in JSON. Infinities are refused everywhere.
    """

    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    missing: bool = False


class Signature(msgspec.Struct, frozen=True):
    """What a model takes and gives.

    ``features`` names the columns of a matrix input in their order; ``classes`` spells the labels as text, in
    the order of the probability columns. Both are empty where they have no meaning.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


class Tensor(msgspec.Struct, frozen=True):
    """A small tensor as it is stored beside a model; ``data`` is flat, row by row."""

    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    data: tuple[Any, ...]


class ModelFormat(Enum):
    ONNX = "onnx"
    SKOPS = "sklearn-skops"
    PICKLE = "sklearn-pickle"

    @property
    def native(self) -> bool:
        """Whether the model needs a process of its own."""
        return self is not ModelFormat.ONNX


class PickleClearance(msgspec.Struct, frozen=True):
    """The guard's word on one pickle: the verdict on exactly these bytes, and all that may be named in them.

    ``allowed_globals`` lists ``module:name``. The process that opens the file enforces the list once more.
    """

    digest: str
    verdict: Verdict
    allowed_globals: tuple[str, ...]


class ModelSpec(msgspec.Struct, frozen=True):
    """A model version as the prediction server is told about it.

    ``sample`` is predicted before the model takes traffic and after every restart; where ``expected`` names
    outputs, the answer must equal them (labels exactly, numbers within ``tolerance`` of max(1, |expected|)).
    ``trusted_types`` is the exact list of types beyond the format's own that a skops file may hold.
    """

    name: str
    version: str
    digest: str
    format: ModelFormat
    path: str
    signature: Signature
    sample: tuple[Tensor, ...]
    expected: tuple[Tensor, ...] = ()
    tolerance: float = 1e-4
    deadline_seconds: float = 10.0
    trusted_types: tuple[str, ...] = ()
    clearance: PickleClearance | None = None


class Deployment(msgspec.Struct, frozen=True):
    """What one endpoint serves. ``previous`` stays loaded so that one table brings it back at once."""

    endpoint: str
    active: ModelSpec
    previous: ModelSpec | None = None


class DeploymentTable(msgspec.Struct, frozen=True):
    """All endpoints of a prediction server. A table with a lower revision than the last one is refused."""

    revision: int
    deployments: tuple[Deployment, ...] = ()


class EndpointOutcome(msgspec.Struct, frozen=True):
    """What became of one endpoint: the version that now answers (None if none does) and what failed."""

    endpoint: str
    serving: str | None
    warm: tuple[str, ...] = ()
    errors: tuple[dict[str, Any], ...] = ()


class ApplyOutcome(msgspec.Struct, frozen=True):
    revision: int
    endpoints: tuple[EndpointOutcome, ...] = ()

    @property
    def complete(self) -> bool:
        return not any(endpoint.errors for endpoint in self.endpoints)


class ModelStatus(msgspec.Struct, frozen=True):
    """One loaded model as operators see it. Counters start with the process that serves."""

    name: str
    version: str
    format: ModelFormat
    ready: bool
    in_flight: int
    requests: int
    batches: dict[str, int] = {}  # rows per batch, in powers of two, to how many batches
    restarts: int = 0
    last_error: str = ""
    isolation: tuple[str, ...] = ()  # the confinements that hold for a native model's process


class HostStatus(msgspec.Struct, frozen=True):
    revision: int
    ready: bool
    models: tuple[ModelStatus, ...] = ()
    predictions_dropped: int = 0


class PredictionRecord(msgspec.Struct, frozen=True):
    """One answered (or refused) prediction request. ``code`` is the fault's code, or empty.

    ``workspace``, ``actor`` and ``key`` are who asked, as the gateway says; empty when nobody said.
    """

    id: str
    at: datetime
    request_id: str
    endpoint: str
    version: str
    rows: int
    duration_us: int
    status: int
    code: str = ""
    workspace: str = ""
    actor: str = ""
    key: str = ""


class OutputParity(msgspec.Struct, frozen=True):
    """How one output of the converted model compares. ``max_difference`` is |a-b| / max(1, |b|)."""

    name: str
    changed: int
    max_difference: float


class ParityReport(msgspec.Struct, frozen=True):
    """The converted model against the original, on the same rows. Kept as evidence by whoever converts."""

    rows: int
    tolerance: float
    outputs: tuple[OutputParity, ...]
    reason: str = ""  # why it was refused; empty when it passed

    @property
    def passed(self) -> bool:
        return not self.reason


class Conversion(msgspec.Struct, frozen=True):
    """The file a model is served from, and why in this format.

    ``way`` and ``parity`` belong to the ONNX file that was taken; ``refused`` tells what was not, and why.
    """

    format: ModelFormat
    content: bytes
    digest: str
    way: str = ""
    parity: ParityReport | None = None
    refused: tuple[str, ...] = ()
    trusted_types: tuple[str, ...] = ()
