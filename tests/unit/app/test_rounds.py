"""A thread that goes round meets trouble, tells it, and goes on."""

from __future__ import annotations

import logging
import threading

import pytest

from tenuto.app.rounds import go_round
from tenuto.core.errors import TenutoError
from tenuto.store.errors import DATABASE_UNAVAILABLE

pytestmark = pytest.mark.capability("G8")


def test_trouble_and_defects_are_told_and_do_not_end_the_rounds(caplog: pytest.LogCaptureFixture) -> None:
    stopping = threading.Event()
    troubles: list[Exception] = [TenutoError(DATABASE_UNAVAILABLE, "gone"), KeyError("a defect")]
    rounds = 0

    def once() -> None:
        nonlocal rounds
        rounds += 1
        if troubles:
            raise troubles.pop(0)
        if rounds == 5:
            stopping.set()

    with caplog.at_level(logging.WARNING):
        go_round("work", once, stopping)
    assert rounds == 5
    assert "work.waiting fault=store.database_unavailable" in caplog.text
    assert "work.broken" in caplog.text
    assert "KeyError: 'a defect'" in caplog.text
