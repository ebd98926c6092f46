from __future__ import annotations

from pathlib import Path

import pytest

from tenuto.cli.demo.errors import REPORT_FOLDER_UNUSABLE
from tenuto.cli.demo.performance import Audience, perform
from tenuto.cli.demo.report import files
from tenuto.core.errors import TenutoError


@pytest.mark.parametrize("place", ["/dev/null", "/dev/null/below", "/proc/nowhere"])
def test_a_folder_that_cannot_be_written_is_told_before_anything_starts(place: str) -> None:
    with pytest.raises(TenutoError) as raised:
        perform(Audience(), into=Path(place))
    assert raised.value.fault is REPORT_FOLDER_UNUSABLE


def test_an_earlier_report_is_not_left_to_be_taken_for_this_one(tmp_path: Path) -> None:
    for file in files(tmp_path):
        file.write_text("an earlier one")

    def stopped() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        perform(Audience(), into=tmp_path, clock=stopped)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
