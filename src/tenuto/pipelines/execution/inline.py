"""Trusted, trivial steps, run in the worker itself: no process, no bounds, next to no cost.

One at a time: modules, random numbers and printed text belong to the whole process.
"""

from __future__ import annotations

import contextlib
import io
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tenuto.core.clock import Clock
from tenuto.core.project import import_roots
from tenuto.pipelines.execution.calling import load_and_call
from tenuto.pipelines.execution.items import Items
from tenuto.pipelines.execution.logs import LogFile
from tenuto.pipelines.execution.messages import StepSpec
from tenuto.pipelines.ports import OnItem
from tenuto.pipelines.words import Outcome, Status, StepAttempt, StepError, Usage

_CLOSING_SECONDS = 1.0


class InlineRunner:
    """Runs steps in this process. The modules of a project stay loaded until a step of another comes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._loaded: str | None = None

    def run(
        self, attempt: StepAttempt, spec: StepSpec, log: LogFile, on_item: OnItem, cancelled: threading.Event
    ) -> Outcome:
        begun = self._clock.monotonic()
        items = Items(attempt)
        with self._lock, self._modules_of(attempt.code_folder), _random_kept(), _printed_to(log):
            for position, item in enumerate(attempt.items):
                if cancelled.is_set():
                    break
                items.start(position)
                outcome = load_and_call(spec, item, self._clock, Path(spec.scratch))
                on_item(items.end(position, outcome))
        usage = Usage(self._clock.monotonic() - begun, log_bytes=log.received)
        error = StepError("Cancelled", "the run was cancelled")
        return Outcome(items.complete(Status.CANCELLED if cancelled.is_set() else None, error), usage)

    def close(self) -> None:
        """Forget the modules of the last project, unless a step still runs: nobody can end it."""
        if not self._lock.acquire(timeout=_CLOSING_SECONDS):
            return
        try:
            if self._loaded is not None:
                _unload(self._loaded)
            self._loaded = None
        finally:
            self._lock.release()

    @contextlib.contextmanager
    def _modules_of(self, code_folder: str) -> Iterator[None]:
        before = list(sys.path)
        roots = [str(root) for root in import_roots(Path(code_folder))]
        if self._loaded is not None and self._loaded != code_folder:
            _unload(self._loaded)
            self._loaded = None
        if not set(roots) & set(before):  # what is installed is never forgotten, only projects are
            self._loaded = code_folder
        sys.path[:0] = roots
        try:
            yield
        finally:
            sys.path[:] = before


def _unload(code_folder: str) -> None:
    """Forget the modules of a project, so that another version of it can be imported."""
    root = Path(code_folder).resolve()
    for name, module in list(sys.modules.items()):
        place = getattr(module, "__file__", None)
        if place is not None and Path(place).resolve().is_relative_to(root):
            del sys.modules[name]


@contextlib.contextmanager
def _random_kept() -> Iterator[None]:
    """Give the process back its own random numbers after the step has had its seeded ones."""
    own = random.getstate()
    numpy: Any = sys.modules.get("numpy")
    own_numpy = numpy.random.get_state() if numpy is not None else None
    try:
        yield
    finally:
        random.setstate(own)
        if own_numpy is not None:
            numpy.random.set_state(own_numpy)


@contextlib.contextmanager
def _printed_to(log: LogFile) -> Iterator[None]:
    with (
        contextlib.redirect_stdout(_Printed(log, "stdout")),
        contextlib.redirect_stderr(_Printed(log, "stderr")),
    ):
        yield


class _Printed(io.TextIOBase):
    def __init__(self, log: LogFile, stream: str) -> None:
        self._log = log
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._log.feed(self._stream, text.encode("utf-8", "backslashreplace"))
        return len(text)
