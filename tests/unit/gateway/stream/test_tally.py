from __future__ import annotations

import pytest

from tenuto.gateway.errors import UPSTREAM_CUT
from tenuto.gateway.stream.sse import LARGEST_BLOCK, SseSplitter, sse
from tenuto.gateway.stream.tally import Tally
from tenuto.gateway.words.accounting import Usage, UsageReport, UsageSource, usage_of
from tenuto.gateway.words.answer import Begun, Counted, Ended, Failed, TextPiece

pytestmark = pytest.mark.capability("G8")


def test_the_first_content_starts_an_answer_and_nothing_else_does() -> None:
    tally = Tally()
    tally.note([Begun("i", "m"), Counted(UsageReport(3, 1, final=False))])
    assert not tally.started
    assert tally.seen
    tally.note([TextPiece("x")])
    assert tally.started
    tally.note([Failed(UPSTREAM_CUT, "d")])
    assert tally.failure is not None
    assert not tally.ended


def test_a_report_of_the_beginning_is_completed_by_an_estimate() -> None:
    tally = Tally()
    tally.note([Counted(UsageReport(30, 1, 20, final=False)), TextPiece("x" * 41)])
    assert tally.usage(999) == Usage(30, 11, 20, source=UsageSource.ESTIMATED)
    tally.note([Counted(UsageReport(output_tokens=7)), Ended()])
    assert tally.usage(999) == Usage(30, 7, 20)


def test_without_any_report_everything_is_estimated() -> None:
    assert usage_of(UsageReport(final=False), input_estimate=5, output_estimate=6) == Usage(
        5, 6, source=UsageSource.ESTIMATED
    )


def test_usage_adds_up_and_an_estimate_taints_the_sum() -> None:
    total = Usage(10, 5, 4, 3, 2) + Usage(1, 1, 1, 1, 1, UsageSource.ESTIMATED)
    assert total == Usage(11, 6, 5, 4, 3, UsageSource.ESTIMATED)
    assert (total.total_tokens, total.fresh_input_tokens) == (17, 2)


def test_an_event_beyond_reason_is_refused() -> None:
    splitter = SseSplitter()
    with pytest.raises(Exception, match="an event of more than"):
        splitter.feed(b"data: " + b"x" * LARGEST_BLOCK)


def test_what_is_written_is_read_back() -> None:
    block = SseSplitter().feed(sse(b'{"a":1}', "name"))[0]
    assert (block.event, block.data) == ("name", b'{"a":1}')
