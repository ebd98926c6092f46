"""What can go wrong between a client and its platform, and in the files that a client reads."""

from __future__ import annotations

from typing import Any

import msgspec

from tenuto.core.errors import Fault, FaultKind, TenutoError

UNREACHABLE = Fault(
    "client.unreachable",
    FaultKind.UNAVAILABLE,
    "the platform does not answer",
    "Start it with `tenuto up`, or name the address it has: `--url ADDRESS` or TENUTO_URL.",
    retryable=True,
)
NO_ANSWER_IN_TIME = Fault(
    "client.no_answer_in_time",
    FaultKind.UNAVAILABLE,
    "the platform took the request and did not answer in time",
    "See whether it was done before you send it again: it may have been.",
)
NOT_TRUSTED = Fault(
    "client.not_trusted",
    FaultKind.UPSTREAM,
    "the certificate of the platform is not trusted",
    "Add its authority to the trust store of this machine, or name its file in SSL_CERT_FILE.",
)
ADDRESS_INVALID = Fault(
    "client.address_invalid",
    FaultKind.INVALID,
    "this is not the address of a platform",
    "Give it as `http://HOST:PORT` or `https://HOST`, without a name, a password or a query in it.",
)
ANSWER_UNREADABLE = Fault(
    "client.answer_unreadable",
    FaultKind.UPSTREAM,
    "the answer is not one that this client understands",
    "Check that a Tenuto platform has this address, and that client and platform are of like versions.",
)
FILE_UNREADABLE = Fault(
    "client.file_unreadable",
    FaultKind.INVALID,
    "a file cannot be read",
    "Check its path and its rights.",
)
FILE_NOT_WRITTEN = Fault(
    "client.file_not_written",
    FaultKind.INVALID,
    "a file cannot be written",
    "Name one that does not exist yet, in a folder with space that you may write to.",
)
NOTHING_DECLARED = Fault(
    "client.nothing_declared",
    FaultKind.INVALID,
    "there is no document to read",
    "Name a YAML file, or a folder that holds files ending in .yaml, .yml or .json.",
)
YAML_BROKEN = Fault(
    "client.yaml_broken",
    FaultKind.INVALID,
    "a file is not well-formed YAML",
    "Correct the file at the line and column that the detail names; nothing was sent.",
)
DOCUMENT_INVALID = Fault(
    "client.document_invalid",
    FaultKind.INVALID,
    "a document does not say what it declares",
    "A document has `kind`, `name` and `spec`, and `workspace` where the kind lives in one.",
)

_KIND_OF_STATUS = {
    401: FaultKind.UNAUTHENTICATED,
    402: FaultKind.BUDGET,
    403: FaultKind.FORBIDDEN,
    404: FaultKind.NOT_FOUND,
    409: FaultKind.CONFLICT,
    413: FaultKind.TOO_LARGE,
    415: FaultKind.UNSUPPORTED,
    429: FaultKind.LIMITED,
    502: FaultKind.UPSTREAM,
    503: FaultKind.UNAVAILABLE,
    504: FaultKind.TIMEOUT,
    507: FaultKind.NO_SPACE,
}


class _Said(msgspec.Struct):
    """An error as every door of Tenuto writes it."""

    code: str
    summary: str
    fix: str
    detail: str = ""
    retryable: bool = False
    request_id: str = ""
    context: dict[str, Any] = {}


class _Wrapped(msgspec.Struct):
    error: _Said


def error_of(status: int, content: bytes) -> TenutoError:
    """Rebuild the error that an answer tells of; ``context`` then holds the request's id too."""
    try:
        said = msgspec.json.decode(content, type=_Wrapped).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _unwrapped(status, content)
    kind = _KIND_OF_STATUS.get(status, FaultKind.INVALID if status < 500 else FaultKind.INTERNAL)
    error = TenutoError(Fault(said.code, kind, said.summary, said.fix, said.retryable), said.detail)
    error.context |= said.context | ({"request_id": said.request_id} if said.request_id else {})
    return error


def _unwrapped(status: int, content: bytes) -> _Said:
    """Read the shape of the public port itself, which answers while the control plane is away."""
    try:
        return msgspec.json.decode(content, type=_Said)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise TenutoError(ANSWER_UNREADABLE, f"status {status} without an error of Tenuto") from None
