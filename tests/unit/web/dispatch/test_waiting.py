"""Who is asked to wait is told for how long, on a page as by the API."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.gallery.people import PASSWORD, PATIENCE


@pytest.mark.capability("C4")
def test_a_refused_form_says_when_to_come_again(visitor: Any) -> None:
    visitor.get("/sign-in")
    refused = visitor.post("/sign-in", {"email": "hasty@example.org", "password": PASSWORD})
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == str(PATIENCE)
    assert "too many sign-ins failed" in refused.text.lower()
    assert PASSWORD not in refused.text


def test_one_that_waiting_does_not_help_says_nothing_of_it(visitor: Any) -> None:
    visitor.get("/sign-in")
    refused = visitor.post("/sign-in", {"email": "nobody@example.org", "password": PASSWORD})
    assert refused.status_code == 401
    assert "retry-after" not in refused.headers
