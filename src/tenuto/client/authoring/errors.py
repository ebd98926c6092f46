"""What can be wrong with a pipeline's definition. Told where the definition stands, before anything runs."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind
from tenuto.core.value_types import POSSIBLE

TYPE_NOT_POSSIBLE = Fault(
    "client.type_not_possible",
    FaultKind.INVALID,
    "a step is declared with a type that cannot pass between steps",
    f"Use one of: {POSSIBLE}. Anything else is written to a file and passed as FilePath.",
)
STEP_NOT_POSSIBLE = Fault(
    "client.step_not_possible",
    FaultKind.INVALID,
    "a function cannot be a step",
    "Make it a plain function of a module, with every parameter and the result annotated.",
)
PIPELINE_NOT_POSSIBLE = Fault(
    "client.pipeline_not_possible",
    FaultKind.INVALID,
    "a function cannot be a pipeline",
    "Make it a plain function whose parameters are annotated with JSON types and whose body calls steps.",
)
WRONG_WIRING = Fault(
    "client.wrong_wiring",
    FaultKind.INVALID,
    "steps are wired in a way that cannot run",
    "Correct the call that the detail names; types are compared as declared.",
)
VALUE_NOT_KNOWN_YET = Fault(
    "client.value_not_known_yet",
    FaultKind.INVALID,
    "a pipeline's body looked into a value that only exists when it runs",
    "Do it in a step; to run steps depending on a value use `with when(value, ...)`.",
)
FILE_NOT_LOADED = Fault(
    "client.file_not_loaded",
    FaultKind.INVALID,
    "the file with the pipeline cannot be loaded",
    "Correct the error named in the detail; the file is imported from its project's folder.",
)
PLATFORM_STEP = Fault(
    "client.platform_step",
    FaultKind.UNSUPPORTED,
    "a step of the platform was called outside a platform",
    "Run the pipeline with `tenuto run FILE`; to try your own steps, call them as plain functions.",
)
