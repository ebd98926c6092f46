"""The values that pipelines are made of: stored values, attempts, outcomes, the state of a run."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from tenuto.core.graph import Graph, Output, Resources, Returns
from tenuto.core.value_types import ValueType


class Encoding(Enum):
    """How a value is written down; each has one codec."""

    JSON = "json"  # typed JSON
    PARTS = "parts"  # a list of stored values
    NPY = "npy"
    ARROW = "arrow"  # Arrow IPC file
    FRAME = "frame"  # Arrow IPC file with pandas' own metadata
    FILE = "file"
    FOLDER = "folder"  # deterministic tar
    ONNX = "onnx"
    SKOPS = "skops"


class StoredValue(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value by its content address.

    Small JSON is carried in ``text`` and needs no file; ``parts`` are the items of a list, each with content
    of its own; all else is a file of ``size`` bytes. ``metadata`` is for people: shapes, columns, names.
    """

    type: ValueType
    encoding: Encoding
    digest: str
    size: int
    text: str | None = None
    parts: tuple[StoredValue, ...] = ()
    metadata: dict[str, Any] = {}

    @property
    def has_file(self) -> bool:
        return self.text is None and self.encoding is not Encoding.PARTS


class AttemptItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call of the step's function: the whole attempt (``index`` None), or one item of a map.

    ``inputs`` come on top of those that all items of the attempt share.
    """

    index: int | None = None
    inputs: dict[str, StoredValue] = {}
    seed: int = 0


class StepAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to run a step once, or a chunk of a map's items one after the other.

    ``code_folder`` is the unpacked project, ``files`` the places of the inputs' contents by digest;
    ``output_folder`` (made if missing) receives the outputs' contents, each named by its digest's hexadecimal
    part, and ``log_file`` what the step prints. Paths are absolute.
    """

    attempt_id: str
    step: str  # module:function
    items: tuple[AttemptItem, ...] = (AttemptItem(),)
    inputs: dict[str, StoredValue] = {}
    input_types: dict[str, ValueType] = {}
    outputs: tuple[Output, ...] = ()
    returns: Returns = Returns.NOTHING
    files: dict[str, str] = {}
    code_folder: str
    output_folder: str
    log_file: str
    timeout: float | None = None  # seconds, for each item
    resources: Resources = Resources()
    inline: bool = False


class Status(Enum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the step itself said so
    TIMED_OUT = "timed_out"
    LOST = "lost"  # its process went away without a word
    CANCELLED = "cancelled"
    NOT_RUN = "not_run"  # its turn in the chunk never came; nothing was tried


class StepError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an item did not succeed, as its author wants to read it."""

    type: str
    message: str
    traceback: str = ""
    retryable: bool = True


class ItemOutcome(msgspec.Struct, frozen=True, omit_defaults=True):
    index: int | None
    status: Status
    outputs: dict[str, StoredValue] = {}
    error: StepError | None = None
    seconds: float = 0.0


class Usage(msgspec.Struct, frozen=True):
    """What an attempt took. CPU and memory are unknown (None) when its process was lost or shared."""

    wall_seconds: float
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    log_bytes: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """How an attempt ended: one ``ItemOutcome`` for each of its items, in their order.

    ``isolation`` names what confined the step: the kernel of a machine may refuse one or the other.
    """

    items: tuple[ItemOutcome, ...]
    usage: Usage
    isolation: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The worst that happened to any item."""
        return max((item.status for item in self.items), key=_SEVERITY.index, default=Status.SUCCEEDED)


_SEVERITY = [
    Status.SUCCEEDED, Status.NOT_RUN, Status.FAILED, Status.TIMED_OUT, Status.LOST, Status.CANCELLED,
]  # fmt: skip


class TaskId(msgspec.Struct, frozen=True, order=True):
    """A node, or one item of a mapped node."""

    node: str
    item: int | None = None


class TaskStatus(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    RETRYING = "retrying"  # failed, and will be tried again at ``retry_at``
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"  # a condition did not hold, here or before
    BLOCKED = "blocked"  # what it needs failed
    CANCELLED = "cancelled"


FINAL = frozenset(
    {TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.SKIPPED, TaskStatus.BLOCKED, TaskStatus.CANCELLED}
)


class TaskState(msgspec.Struct, frozen=True):
    """Where a task stands. ``failures`` count against the step's retries, ``losses`` (its process vanished)
    against a budget of their own. While it runs, ``chunk`` is the first item of those that share its process.
    """

    status: TaskStatus = TaskStatus.WAITING
    failures: int = 0
    losses: int = 0
    retry_at: datetime | None = None
    outputs: dict[str, StoredValue] = {}
    error: StepError | None = None
    chunk: int | None = None


class RunState(msgspec.Struct, frozen=True):
    """A run as its journal tells it. A task without an entry is waiting.

    ``expansions`` holds the items of each mapped node once its list is there; a node that is skipped, blocked
    or cancelled before has an entry in ``tasks`` under ``TaskId(node)``.
    """

    graph: Graph
    parameters: dict[str, StoredValue] = {}
    tasks: dict[TaskId, TaskState] = {}
    expansions: dict[str, tuple[StoredValue, ...]] = {}
    cancelled: bool = False

    def task(self, task: TaskId) -> TaskState:
        return self.tasks.get(task, _WAITING)


_WAITING = TaskState()


class RunStatus(Enum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Decision(msgspec.Struct, frozen=True):
    """What to journal next. ``changes`` are tasks that end without running, ``expand`` mapped nodes whose
    list is there, ``start`` tasks that may run now; ``finished`` is the run's end, and ``wake_at`` when to
    look again although nothing happened.
    """

    changes: dict[TaskId, TaskState] = {}
    expand: tuple[str, ...] = ()
    start: tuple[TaskId, ...] = ()
    finished: RunStatus | None = None
    wake_at: datetime | None = None
