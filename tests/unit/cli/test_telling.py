"""What people read of a failed step: where it happened."""

from __future__ import annotations

import pytest

from tenuto.cli.output import Styled
from tenuto.cli.telling import place_of, task_lines
from tenuto.client.words import StepError, Task, TaskId, TaskState

TRACE = """Traceback (most recent call last):
  File "jobs/flow.py", line 7, in div
    return part(a, b)
  File "jobs/parts.py", line 3, in part
    return lib(a, b)
  File "/usr/lib/python3/lib.py", line 9, in lib
    return a / b
ZeroDivisionError: division by zero
"""


def _error(traceback: str) -> StepError:
    return StepError("ZeroDivisionError", "division by zero", traceback)


def _lines(error: StepError) -> list[str]:
    task = Task(TaskId("div"), TaskState("failed", error=error))
    return [line.text if isinstance(line, Styled) else line for line in task_lines([task])]


@pytest.mark.capability("O1")
def test_a_failed_step_is_told_with_the_place_in_the_authors_code() -> None:
    told = _lines(_error(TRACE))
    assert "div: ZeroDivisionError: division by zero" in told
    assert '    File "jobs/flow.py", line 7, in div' in told
    assert place_of(_error(TRACE)) == "jobs/parts.py, line 3"


def test_a_long_traceback_keeps_its_beginning_and_its_end() -> None:
    told = _lines(_error(TRACE + "  more\n" * 90 + "the end"))
    assert '    File "jobs/flow.py", line 7, in div' in told
    assert "    (75 lines are left out)" in told
    assert told[-1] == "  the end"


def test_an_error_without_a_traceback_has_no_place() -> None:
    assert place_of(_error("")) == ""
    assert _lines(_error(""))[-1] == "div: ZeroDivisionError: division by zero"
