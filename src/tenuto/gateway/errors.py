"""What can go wrong with a model call. The caller's own format shows the last part of a code as its code."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

KEY_MISSING = Fault(
    "gateway.missing_api_key",
    FaultKind.UNAUTHENTICATED,
    "the call carries no API key",
    "Send the key as `Authorization: Bearer KEY` or as `x-api-key: KEY`.",
)
KEY_REFUSED = Fault(
    "gateway.invalid_api_key",
    FaultKind.UNAUTHENTICATED,
    "the API key is not known, has expired or was revoked",
    "Check the key for a missing or wrong character, or create one with `tenuto key create`.",
)
KEYS_CONTRADICT = Fault(
    "gateway.keys_contradict",
    FaultKind.UNAUTHENTICATED,
    "the call carries two different API keys",
    "Send the key in one header only: `Authorization: Bearer ...` or `x-api-key`.",
)
CALL_FORBIDDEN = Fault(
    "gateway.call_forbidden",
    FaultKind.FORBIDDEN,
    "a policy forbids this call",
    "Ask an owner of the workspace for the right; `tenuto explain` shows the rule that decided.",
)
MODEL_UNKNOWN = Fault(
    "gateway.model_not_found",
    FaultKind.NOT_FOUND,
    "no route of that name exists in this workspace",
    "Use one of the models that `GET /v1/models` lists, or declare the route with `tenuto apply`.",
)
OPERATION_UNSUPPORTED = Fault(
    "gateway.operation_unsupported",
    FaultKind.INVALID,
    "the route does not take this kind of call",
    "Use a model made for this kind of call.",
)
ENDPOINT_UNKNOWN = Fault(
    "gateway.endpoint_not_found",
    FaultKind.NOT_FOUND,
    "no model is deployed under that name in this workspace",
    "Check the name, or deploy the model with `tenuto deploy`.",
)
DOOR_METHOD = Fault(
    "gateway.method_not_allowed",
    FaultKind.INVALID,
    "this door does not take that method",
    "Use the method that the detail names.",
)
DOOR_UNKNOWN = Fault(
    "gateway.unknown_url",
    FaultKind.NOT_FOUND,
    "nothing is served at this path",
    "Use one of the paths that the detail names, or correct the base URL of the client.",
)
PATH_REFUSED = Fault(
    "gateway.path_refused",
    FaultKind.INVALID,
    "the path holds a dot segment or a character no path of Tenuto has",
    "Send the path as it is documented, without `..` and without control characters.",
)
BODY_TOO_LARGE = Fault(
    "gateway.request_too_large",
    FaultKind.TOO_LARGE,
    "the body is larger than a model call may be",
    "Send less, or raise the setting `model_call_body_limit`.",
)
BODY_CUT = Fault(
    "gateway.request_cut",
    FaultKind.INVALID,
    "the body ended before it was complete",
    "Send the whole body; check the connection and the `Content-Length` header.",
)
BODY_TIMEOUT = Fault(
    "gateway.request_timeout",
    FaultKind.TIMEOUT,
    "the body did not arrive in time",
    "Send the body without pauses.",
    retryable=True,
)
BODY_NOT_TEXT = Fault(
    "gateway.invalid_utf8",
    FaultKind.INVALID,
    "the body is not valid UTF-8",
    "Encode the body as UTF-8; the detail names the first wrong byte.",
)
BODY_NOT_JSON = Fault(
    "gateway.invalid_json",
    FaultKind.INVALID,
    "the body is not a JSON object",
    "Correct the JSON; the detail names the position.",
)
FIELD_WRONG = Fault(
    "gateway.invalid_field",
    FaultKind.INVALID,
    "a field of the request is missing or has the wrong shape",
    "Correct the named field.",
)
ENCODING_UNSUPPORTED = Fault(
    "gateway.content_encoding_unsupported",
    FaultKind.UNSUPPORTED,
    "the body is compressed, which this door does not take",
    "Send the body without `Content-Encoding`.",
)
UNTRANSLATABLE = Fault(
    "gateway.untranslatable",
    FaultKind.INVALID,
    "the upstream's format has no word for something the call depends on",
    "Leave the named fields out, or call a model whose provider speaks the format of this call.",
)
BUDGET_EXHAUSTED = Fault(
    "gateway.budget_exhausted",
    FaultKind.BUDGET,
    "a budget does not allow this call",
    "Wait for the budget's next period, or ask its owner to raise it.",
)
LEDGER_AWAY = Fault(
    "gateway.ledger_unavailable",
    FaultKind.UNAVAILABLE,
    "the call cannot be accounted for at the moment, so it is not made",
    "Try again shortly; calls in flight are not affected.",
    retryable=True,
)
SNAPSHOT_EXPIRED = Fault(
    "gateway.snapshot_expired",
    FaultKind.UNAVAILABLE,
    "the gateway's view of keys and routes is no longer valid",
    "Bring the control plane back; the gateway goes on by itself when it has a new view.",
    retryable=True,
)
STOPPING = Fault(
    "gateway.stopping",
    FaultKind.UNAVAILABLE,
    "this gateway is stopping",
    "Try again; another process or the restarted one will answer.",
    retryable=True,
)
GUARD_FAILED = Fault(
    "gateway.guard_failed",
    FaultKind.UNAVAILABLE,
    "the text could not be checked for personal data, so it was not sent",
    "Try again; if it lasts, the operator finds the cause in the gateway's log by the request id.",
    retryable=True,
)
CREDENTIAL_MISSING = Fault(
    "gateway.credential_unavailable",
    FaultKind.UPSTREAM,
    "the credential of the upstream cannot be read",
    "An administrator sets it with `tenuto secret set`.",
)
EGRESS_REFUSED = Fault(
    "gateway.egress_refused",
    FaultKind.UPSTREAM,
    "the upstream's address is not on the outbound allow-list",
    "An administrator adds host and port to the allow-list after checking them.",
)
UPSTREAM_UNREACHABLE = Fault(
    "gateway.upstream_unreachable",
    FaultKind.UPSTREAM,
    "the upstream could not be reached",
    "Try again; if it lasts, check the provider's address and its status page.",
    retryable=True,
)
UPSTREAM_TIMEOUT = Fault(
    "gateway.upstream_timeout",
    FaultKind.TIMEOUT,
    "the upstream did not answer in time",
    "Try again, ask for a shorter answer, or raise the timeout.",
    retryable=True,
)
UPSTREAM_FAILED = Fault(
    "gateway.upstream_failed",
    FaultKind.UPSTREAM,
    "the upstream failed",
    "Try again; if it lasts, check the provider's status page.",
    retryable=True,
)
UPSTREAM_OVERLOADED = Fault(
    "gateway.upstream_overloaded",
    FaultKind.UNAVAILABLE,
    "the upstream is overloaded",
    "Try again after the named time.",
    retryable=True,
)
UPSTREAM_LIMITED = Fault(
    "gateway.rate_limit_exceeded",
    FaultKind.LIMITED,
    "the upstream limits the rate of calls",
    "Try again after the named time.",
    retryable=True,
)
UPSTREAM_REJECTED = Fault(
    "gateway.upstream_rejected",
    FaultKind.INVALID,
    "the upstream found the request invalid",
    "Correct what the provider's own words name.",
)
UPSTREAM_DENIED = Fault(
    "gateway.upstream_denied",
    FaultKind.UPSTREAM,
    "the upstream refused the credential or the model it was configured with",
    "An administrator checks the provider's key and the route's model name.",
)
UPSTREAM_MALFORMED = Fault(
    "gateway.upstream_malformed",
    FaultKind.UPSTREAM,
    "the upstream answered with something that is not its own format",
    "Try again; if it lasts, check the provider's address and dialect.",
    retryable=True,
)
UPSTREAM_CUT = Fault(
    "gateway.upstream_cut",
    FaultKind.UPSTREAM,
    "the upstream stopped before its answer was complete",
    "Repeat the call; what arrived before is incomplete.",
    retryable=True,
)
ANSWER_TOO_LARGE = Fault(
    "gateway.answer_too_large",
    FaultKind.UPSTREAM,
    "the upstream's answer is larger than the gateway takes",
    "Ask for a shorter answer, or raise the setting `model_call_answer_limit`.",
)
CONTROL_PLANE_AWAY = Fault(
    "gateway.control_plane_unavailable",
    FaultKind.UNAVAILABLE,
    "the control plane does not answer; model calls are not affected",
    "Try again shortly; if it lasts, read `logs/control.log` in the home of the platform.",
    retryable=True,
)
SERVING_AWAY = Fault(
    "gateway.serving_unavailable",
    FaultKind.UNAVAILABLE,
    "the process that serves this model does not answer",
    "Try again shortly; if it lasts, see the endpoint's log.",
    retryable=True,
)
CLIENT_GONE = Fault(
    "gateway.client_gone",
    FaultKind.INVALID,
    "the caller went away before the answer was complete",
    "Nothing to do: the upstream call was cancelled and what was used is accounted for.",
)
INTERNAL = Fault(
    "gateway.internal_error",
    FaultKind.INTERNAL,
    "the gateway failed",
    "Report it with the request id; the log holds the cause.",
    retryable=True,
)
