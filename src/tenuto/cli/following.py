"""Following a run to its end: a live table on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tenuto.cli.output import note
from tenuto.cli.telling import ordered_tasks, place_of, status_style, task_name
from tenuto.client.api import Tenuto
from tenuto.client.words import RunDetail, Task

if TYPE_CHECKING:
    from rich.table import Table

_ENDED = frozenset({"succeeded", "failed", "cancelled"})
_SHORTEST, _LONGEST = 0.3, 2.0  # seconds between two looks; longer the longer nothing changes

Look = Callable[[RunDetail], None]


def follow(client: Tenuto, run_id: str, *, as_json: bool) -> RunDetail:
    """Look at a run until it has ended, showing each change, and return how it ended."""
    with _shown(as_json=as_json) as look:
        seen, pause = client.runs.get(run_id), _SHORTEST
        look(seen)
        while seen.run.status not in _ENDED:
            time.sleep(pause)
            now = client.runs.get(run_id)
            pause = _SHORTEST if now != seen else min(pause * 1.5, _LONGEST)
            seen = now
            look(seen)
    return seen


@contextmanager
def _shown(*, as_json: bool) -> Iterator[Look]:
    if as_json:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _live() as look:
            yield look
    else:
        yield _Lines().look


class _Lines:
    """Tells each change of a task in a line of its own."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def look(self, detail: RunDetail) -> None:
        for task in ordered_tasks(detail):
            name, status = task_name(task), task.state.status
            if self._told.get(name) != status:
                self._told[name] = status
                note(f"{name}: {status}{_why(task)}")


def _why(task: Task) -> str:
    error = task.state.error
    if error is None:
        return ""
    place = place_of(error)
    return f": {error.type}: {error.message}{place and f' ({place})'}"


@contextmanager
def _live() -> Iterator[Look]:
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=8, transient=True) as live:
        yield lambda detail: live.update(_table(detail))


def _table(detail: RunDetail) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("task", "status", "ran", "cache", "seconds", box=None, title=f"run {detail.run.id}")
    for task in ordered_tasks(detail):
        status = Text(task.state.status, status_style(task.state.status))
        table.add_row(Text(task_name(task)), status, str(task.executions), task.cache, _seconds(task))
    return table


def _seconds(task: Task) -> str:
    return f"{task.usage.wall_seconds:.1f}" if task.usage else ""
