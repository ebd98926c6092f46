"""What can go wrong between a pipeline and its results."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind
from tenuto.core.value_types import POSSIBLE

VALUE_NOT_POSSIBLE = Fault(
    "pipelines.value_not_possible",
    FaultKind.INVALID,
    "a value cannot pass between steps",
    f"Make it what the step declares. Possible are: {POSSIBLE}.",
)
VALUE_TOO_LARGE = Fault(
    "pipelines.value_too_large",
    FaultKind.TOO_LARGE,
    "a value is larger than its kind may be",
    "Pass large data as a table, an array or a file instead of JSON.",
)
VALUE_DAMAGED = Fault(
    "pipelines.value_damaged",
    FaultKind.INTERNAL,
    "the content of a value does not match its digest",
    "Run the step again that made the value; the damaged content was not used.",
)
VALUE_MISSING = Fault(
    "pipelines.value_missing",
    FaultKind.NOT_FOUND,
    "the content of a value is not there",
    "Run the step again that made the value, or restore the blob folder from a backup.",
)
ESTIMATOR_TYPES_REFUSED = Fault(
    "pipelines.estimator_types_refused",
    FaultKind.INVALID,
    "an estimator holds types that are not on the list",
    "Use scikit-learn's own types in the estimator, or pass the model as ONNX.",
)
FOLDER_NOT_POSSIBLE = Fault(
    "pipelines.folder_not_possible",
    FaultKind.INVALID,
    "a folder holds something that cannot be packed",
    "Remove the entry named in the detail, or replace a link by what it points to.",
)
FOLDER_TOO_LARGE = Fault(
    "pipelines.folder_too_large",
    FaultKind.TOO_LARGE,
    "a folder is too large to be packed",
    "Keep data out of the project's folder; bring it in as a dataset.",
)
ARCHIVE_NOT_POSSIBLE = Fault(
    "pipelines.archive_not_possible",
    FaultKind.INVALID,
    "an archive is not one that Tenuto packs",
    "Pack the folder again with the same version of Tenuto; nothing was unpacked from this archive.",
)
NO_SPACE = Fault(
    "pipelines.no_space",
    FaultKind.NO_SPACE,
    "the disk that steps work on is full",
    "Free space on the disk of the data folder; what could not run is tried again when there is room.",
    retryable=True,
)
CODE_NOT_FOUND = Fault(
    "pipelines.code_not_found",
    FaultKind.INVALID,
    "the code of a step is not in the project's folder",
    "Define the step in a module of the project's folder, and declare data files that exist.",
)
JOIN_INCOMPLETE = Fault(
    "pipelines.join_incomplete",
    FaultKind.INTERNAL,
    "the results of a map are not exactly one for each of its items",
    "This is a fault of Tenuto; the next step was not started. Report it with the run's id.",
)
INPUT_NOT_READY = Fault(
    "pipelines.input_not_ready",
    FaultKind.INTERNAL,
    "an input of a step was asked for before it was made",
    "This is a fault of Tenuto; report it with the run's id.",
)
STEP_SERVER_NOT_STARTED = Fault(
    "pipelines.step_server_not_started",
    FaultKind.UNAVAILABLE,
    "the process that starts steps does not come up",
    "Look at the end of its log in the detail; free memory or repair the environment, then run again.",
    retryable=True,
)
STEP_TALK_BROKEN = Fault(
    "pipelines.step_talk_broken",
    FaultKind.INTERNAL,
    "a step's process sent something that is no answer",
    "Look at the step's log; a step must not write to the file descriptors it did not open.",
)
EXECUTOR_CLOSED = Fault(
    "pipelines.executor_closed",
    FaultKind.UNAVAILABLE,
    "the executor has been closed",
    "Start the worker again.",
    retryable=True,
)
RUN_UNKNOWN = Fault(
    "pipelines.run_unknown",
    FaultKind.NOT_FOUND,
    "there is no such run",
    "List the runs with `tenuto get runs`.",
)
LEASE_LOST = Fault(
    "pipelines.lease_lost",
    FaultKind.CONFLICT,
    "another worker has taken the run over",
    "Nothing to do: the run goes on there, and what this worker still held is not written.",
)
RUN_STUCK = Fault(
    "pipelines.run_stuck",
    FaultKind.INTERNAL,
    "nothing of the run can go on although it has not ended",
    "This is a defect of Tenuto; cancel the run and report it with the run's id.",
)
RUN_UNREADABLE = Fault(
    "pipelines.run_unreadable",
    FaultKind.INTERNAL,
    "what is kept of a run cannot be read",
    "Run the pipeline again with this version of Tenuto, or restore the database from a backup.",
)
OWN_STEP_UNKNOWN = Fault(
    "pipelines.own_step_unknown",
    FaultKind.INVALID,
    "the platform brings no step of that name",
    "Use one of the steps of `tenuto.client.steps`, with the version of Tenuto that the platform runs.",
)
