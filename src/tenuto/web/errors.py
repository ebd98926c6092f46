"""What can go wrong at the door itself, before or beside a use case."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

ROUTE_REFUSED = Fault(
    "web.route_refused",
    FaultKind.INTERNAL,
    "a route is not declared completely",
    "Declare what the detail names; a route without action, resource and audit is not served.",
)
ROUTE_UNKNOWN = Fault(
    "web.route_unknown",
    FaultKind.NOT_FOUND,
    "nothing lives at this address",
    "Check the spelling of the address; /api/v1/openapi.json lists every address of the API.",
)
METHOD_NOT_ALLOWED = Fault(
    "web.method_not_allowed",
    FaultKind.UNSUPPORTED,
    "this address does not take this method",
    "Use one of the methods named in the `Allow` header.",
)
NOT_SIGNED_IN = Fault(
    "web.not_signed_in",
    FaultKind.UNAUTHENTICATED,
    "nobody is known to be asking",
    "Sign in, or send `Authorization: Bearer` with an API key.",
)
HOST_UNKNOWN = Fault(
    "web.host_unknown",
    FaultKind.INVALID,
    "Tenuto does not answer under this host name",
    "Use an address listed in the setting `hosts`, or add this one to it.",
)
PATH_REFUSED = Fault(
    "web.path_refused",
    FaultKind.INVALID,
    "the address is written in a way that could be read twice",
    "Write the path without `\\`, `;`, empty or dot segments, control characters or doubled encoding.",
)
HEADER_INVALID = Fault(
    "web.header_invalid",
    FaultKind.INVALID,
    "a request header is not what this place takes",
    "Correct the named header; the detail says what was expected.",
)
BODY_MALFORMED = Fault(
    "web.body_malformed",
    FaultKind.INVALID,
    "the request body cannot be read",
    "Send well-formed UTF-8 in the media type this address takes.",
)
BODY_TOO_LARGE = Fault(
    "web.body_too_large",
    FaultKind.TOO_LARGE,
    "the request body is larger than this address takes",
    "Send less. How much an upload may be is the setting `upload_limit`.",
)
MEDIA_TYPE_UNKNOWN = Fault(
    "web.media_type_unknown",
    FaultKind.UNSUPPORTED,
    "this address does not take this media type",
    "Send the media type that the detail names in the `Content-Type` header.",
)
FORM_INVALID = Fault(
    "web.form_invalid",
    FaultKind.INVALID,
    "some fields of the form need another look",
    "Correct the marked fields and send the form again.",
)
CURSOR_INVALID = Fault(
    "web.cursor_invalid",
    FaultKind.INVALID,
    "the page marker does not belong to this list",
    "Start again at the first page, and pass on `next` exactly as it was given.",
)
CSRF_REFUSED = Fault(
    "web.csrf_refused",
    FaultKind.FORBIDDEN,
    "the form was not sent from a page of this console",
    "Reload the page and send the form again; if it happens again, check that cookies are allowed.",
)
BUSY = Fault(
    "web.busy",
    FaultKind.UNAVAILABLE,
    "more requests are waiting than Tenuto can take on",
    "Try again in a moment; if it lasts, raise the setting for request threads.",
    retryable=True,
)
STREAMS_EXHAUSTED = Fault(
    "web.streams_exhausted",
    FaultKind.LIMITED,
    "too many live pages are open",
    "Close some of the live pages and try again.",
    retryable=True,
)
UPLOAD_NO_SPACE = Fault(
    "web.upload_no_space",
    FaultKind.NO_SPACE,
    "there is no room left to receive the upload",
    "Free space on the volume of the upload folder and send the file again; nothing was kept of it.",
    retryable=True,
)
UNEXPECTED = Fault(
    "web.unexpected",
    FaultKind.INTERNAL,
    "something went wrong inside Tenuto",
    "Look for the request id in the log of the control process, and report what stands there.",
)
