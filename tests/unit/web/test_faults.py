"""One table from kinds of trouble to statuses, and one shape of error."""

from __future__ import annotations

import msgspec
import pytest

from tenuto.core.errors import Fault, FaultKind, TenutoError
from tenuto.web.console.i18n.faults import fault_text
from tenuto.web.errors import BUSY, HOST_UNKNOWN, METHOD_NOT_ALLOWED, NOT_SIGNED_IN
from tenuto.web.faults import STATUS_OF_KIND, error_body, error_headers, status_of
from tenuto.web.words import Language


def test_every_kind_has_a_status_of_its_own() -> None:
    assert set(STATUS_OF_KIND) == set(FaultKind)
    assert len(set(STATUS_OF_KIND.values())) == len(FaultKind)


@pytest.mark.parametrize(
    ("fault", "status"), [(METHOD_NOT_ALLOWED, 405), (HOST_UNKNOWN, 421), (NOT_SIGNED_IN, 401), (BUSY, 503)]
)
def test_statuses(fault: Fault, status: int) -> None:
    assert status_of(TenutoError(fault)) == status


def test_headers_follow_the_status() -> None:
    assert error_headers(TenutoError(NOT_SIGNED_IN))["WWW-Authenticate"].startswith("Bearer")
    assert error_headers(TenutoError(METHOD_NOT_ALLOWED, allow=["GET", "PUT"]))["Allow"] == "GET, PUT"
    assert error_headers(TenutoError(BUSY))["Retry-After"] == "1"
    assert error_headers(TenutoError(BUSY, retry_after=30))["Retry-After"] == "30"
    limit = Fault("testing.limit", FaultKind.LIMITED, "too many", "Wait.", retryable=False)
    assert "Retry-After" not in error_headers(TenutoError(limit))


def test_the_body_names_code_fix_and_request() -> None:
    body = msgspec.json.decode(error_body(TenutoError(BUSY, "12 wait", waiting=12), "request-1"))
    assert body == {
        "error": {
            "code": "web.busy",
            "summary": BUSY.summary,
            "detail": "12 wait",
            "fix": BUSY.fix,
            "retryable": True,
            "context": {"waiting": 12},
            "request_id": "request-1",
        }
    }


def test_the_body_speaks_french_where_french_is_asked_for() -> None:
    said = msgspec.json.decode(error_body(TenutoError(BUSY, "12 wait"), "request-1", Language.FRENCH))[
        "error"
    ]
    assert (said["code"], said["detail"]) == ("web.busy", "12 wait")
    french = fault_text(BUSY, Language.FRENCH)
    assert french is not None
    assert (said["summary"], said["fix"]) == (french.summary, french.fix)
    assert said["summary"] != BUSY.summary


def test_a_fault_that_no_catalogue_knows_stays_as_it_is() -> None:
    fault = Fault("testing.unheard_of", FaultKind.INVALID, "nobody said it", "Say it.")
    assert (
        msgspec.json.decode(error_body(TenutoError(fault), "1", Language.FRENCH))["error"]["fix"] == "Say it."
    )
