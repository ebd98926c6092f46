"""Everything that can go wrong while a model is converted, loaded, or asked.

serving.request_*     the request is wrong
serving.model_*       the model (its file, its load, its answer) is wrong
serving.host_*        the prediction server cannot do it now, or was started wrongly
serving.conversion_*  a scikit-learn model could not become what was asked
"""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

ML_EXTRA_MISSING = Fault(
    "serving.ml_extra_missing",
    FaultKind.UNAVAILABLE,
    "the machine-learning libraries are not installed",
    "Install Tenuto with its extra: pip install 'tenuto[ml]'.",
)

REQUEST_MALFORMED = Fault(
    "serving.request_malformed",
    FaultKind.INVALID,
    "the request is not an Open Inference Protocol v2 message",
    "Send UTF-8 JSON with `inputs`: a list of tensors with `name`, `shape`, `datatype` and `data`.",
)
REQUEST_TENSOR = Fault(
    "serving.request_tensor",
    FaultKind.INVALID,
    "an input tensor does not fit the model",
    "Send the tensors that GET /v2/models/{name} lists, with their names, shapes and datatypes.",
)
REQUEST_PARAMETER = Fault(
    "serving.request_parameter",
    FaultKind.INVALID,
    "a parameter cannot be honoured",
    "Remove the parameter; the detail names it.",
)
REQUEST_OUTPUT = Fault(
    "serving.request_output",
    FaultKind.INVALID,
    "an output cannot be sent as asked",
    "Ask for outputs that GET /v2/models/{name} lists; FP16 and infinite values travel as binary data only.",
)
REQUEST_TOO_LARGE = Fault(
    "serving.request_too_large",
    FaultKind.TOO_LARGE,
    "the request body is larger than this server takes",
    "Send fewer rows per request, or use a batch job for whole tables.",
)
REQUEST_TOO_SLOW = Fault(
    "serving.request_too_slow",
    FaultKind.TIMEOUT,
    "the request body did not arrive in time",
    "Send the body without pauses; the detail tells the limit.",
    retryable=True,
)
REQUEST_CUT = Fault(
    "serving.request_cut",
    FaultKind.INVALID,
    "the client hung up",
    "Keep the connection open until the answer is there.",
    retryable=True,
)
REQUEST_ENCODING = Fault(
    "serving.request_encoding",
    FaultKind.UNSUPPORTED,
    "the body's content encoding is not taken here",
    "Send the body as it is, or with Content-Encoding gzip or deflate.",
)
REQUEST_METHOD = Fault(
    "serving.request_method",
    FaultKind.UNSUPPORTED,
    "this path does not take that method",
    "Use the method the detail names.",
)
REQUEST_PATH = Fault(
    "serving.request_path",
    FaultKind.NOT_FOUND,
    "there is nothing at this path",
    "Use /v2, /v2/health/live, /v2/health/ready, /v2/models/{name}[/versions/{version}][/ready|/infer].",
)
UNKNOWN_ENDPOINT = Fault(
    "serving.unknown_endpoint",
    FaultKind.NOT_FOUND,
    "no endpoint of that name is deployed",
    "Deploy a model under that name, or use the name of a deployed endpoint.",
)
UNKNOWN_VERSION = Fault(
    "serving.unknown_version",
    FaultKind.NOT_FOUND,
    "the endpoint does not serve that version",
    "Leave the version out to get the active one, or use one that GET /v2/models/{name} lists.",
)

MODEL_FILE = Fault(
    "serving.model_file",
    FaultKind.INVALID,
    "the model's file cannot be read",
    "Check that the file exists and is a regular file this process may read.",
)
MODEL_DIGEST = Fault(
    "serving.model_digest",
    FaultKind.INVALID,
    "the model's file is not the one that was approved",
    "Fetch the artifact again; if it stays different, treat it as tampered with.",
)
MODEL_UNREADABLE = Fault(
    "serving.model_unreadable",
    FaultKind.INVALID,
    "the model's file cannot be opened in its format",
    "Register the model again in the format it is declared in; the detail tells what the reader found.",
)
MODEL_TYPES = Fault(
    "serving.model_types",
    FaultKind.FORBIDDEN,
    "the model's file names types that nobody allowed",
    "Review the types in the detail; register the version again with exactly those you trust.",
)
MODEL_NOT_CLEARED = Fault(
    "serving.model_not_cleared",
    FaultKind.FORBIDDEN,
    "a pickle is opened only with the guard's clearance for these very bytes",
    "Have the artifact scanned, or save the model with skops or as ONNX instead.",
)
MODEL_SIGNATURE = Fault(
    "serving.model_signature",
    FaultKind.INVALID,
    "the model does not answer as its signature says",
    "Register the version again with the signature inferred from this very model.",
)
MODEL_SAMPLE = Fault(
    "serving.model_sample",
    FaultKind.INVALID,
    "the model's answer to its stored sample is not the expected one",
    "Compare the library versions of training and serving; register the version again from this environment.",
)
MODEL_LOAD = Fault(
    "serving.model_load",
    FaultKind.UNAVAILABLE,
    "the model's process did not come up",
    "Read the detail; memory limits and missing libraries are the usual causes.",
    retryable=True,
)
MODEL_REFUSED = Fault(
    "serving.model_refused",
    FaultKind.INVALID,
    "the model refused these values",
    "Correct the values; the detail is what the model said.",
)
MODEL_FAILED = Fault(
    "serving.model_failed",
    FaultKind.INTERNAL,
    "the model failed on this request",
    "Try the same rows offline; if they fail there too, the model needs a fix.",
)
MODEL_CRASHED = Fault(
    "serving.model_crashed",
    FaultKind.UNAVAILABLE,
    "the model's process ended during this request",
    "Try again after the time in Retry-After; if it comes back, look at the model's status.",
    retryable=True,
)
MODEL_NOT_READY = Fault(
    "serving.model_not_ready",
    FaultKind.UNAVAILABLE,
    "the model is starting",
    "Try again after the time in Retry-After.",
    retryable=True,
)
MODEL_DEADLINE = Fault(
    "serving.model_deadline",
    FaultKind.TIMEOUT,
    "the model did not answer in time",
    "Send fewer rows per request, or give the deployment a longer deadline.",
    retryable=True,
)

HOST_OVERLOADED = Fault(
    "serving.host_overloaded",
    FaultKind.LIMITED,
    "too much is waiting for this model already",
    "Try again after the time in Retry-After, or deploy more capacity.",
    retryable=True,
)
HOST_STALE_TABLE = Fault(
    "serving.host_stale_table",
    FaultKind.CONFLICT,
    "a newer deployment table is already in place",
    "Read the current revision and send a table with a higher one.",
)
HOST_TABLE = Fault(
    "serving.host_table",
    FaultKind.INVALID,
    "the deployment table is not usable",
    "Correct what the detail names.",
)
HOST_ADDRESS = Fault(
    "serving.host_address",
    FaultKind.INVALID,
    "the prediction server cannot listen there",
    "Use a unix socket of at most 100 characters, or a loopback address with a port.",
)
HOST_CONTROL = Fault(
    "serving.host_control",
    FaultKind.INVALID,
    "the control message is not understood",
    "Send one JSON object per line with a known `op`.",
)
HOST_AWAY = Fault(
    "serving.host_away",
    FaultKind.UNAVAILABLE,
    "the prediction server does not answer on its control socket",
    "Check that it runs; it starts again with the last table it took.",
    retryable=True,
)
HOST_INTERNAL = Fault(
    "serving.host_internal",
    FaultKind.INTERNAL,
    "the prediction server met an error of its own",
    "Look for the request id in the server's log and report it.",
)

CONVERSION_SIGNATURE = Fault(
    "serving.conversion_signature",
    FaultKind.INVALID,
    "no signature can be inferred",
    "Give a sample as a numpy array or a table whose columns are numbers, booleans or text.",
)
CONVERSION_IMPOSSIBLE = Fault(
    "serving.conversion_impossible",
    FaultKind.UNSUPPORTED,
    "the model cannot be converted",
    "Serve it in its native format; the detail tells what stood in the way.",
)
CONVERSION_PARITY = Fault(
    "serving.conversion_parity",
    FaultKind.INVALID,
    "the converted model does not answer like the original",
    "Serve it in its native format, or allow a higher tolerance if the difference is acceptable.",
)
