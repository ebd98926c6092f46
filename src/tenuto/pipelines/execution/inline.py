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
from types import ModuleType
from typing import Any

from tenuto.core.clock import Clock
from tenuto.core.project import import_roots
from tenuto.pipelines.execution.calling import load_and_call
from tenuto.pipelines.execution.items import Items
from tenuto.pipelines.execution.logs import LogFile
from tenuto.pipelines.execution.messages import StepSpec
from tenuto.pipelines.ports import OnItem
from tenuto.pipelines.words import Outcome, Status, StepAttempt, StepError, Usage


class InlineRunner:
    """Runs steps in this process. A project's modules are there while its steps run, and kept aside between them
    until a step of another project comes.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._project = ""
        self._modules: dict[str, ModuleType] = {}

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

    @contextlib.contextmanager
    def _modules_of(self, code_folder: str) -> Iterator[None]:
        before = list(sys.path)
        roots = [str(root) for root in import_roots(Path(code_folder))]
        names = set() if set(roots) & set(before) else _own_names(roots, before)
        aside = _taken(names)
        if self._project == code_folder:
            sys.modules.update(self._modules)
        sys.path[:0] = roots
        try:
            yield
        finally:
            sys.path[:] = before
            self._project, self._modules = code_folder, _taken(names)
            sys.modules.update(aside)


def _own_names(roots: list[str], path: list[str]) -> set[str]:
    """Return the names of a project's modules, without those that are installed: these stay what they are."""
    folders = [Path(root) for root in roots if Path(root).is_dir()]
    names = {entry.name.partition(".")[0] for folder in folders for entry in folder.iterdir()}
    return {name for name in names if name not in sys.stdlib_module_names and not _is_installed(name, path)}


def _is_installed(name: str, path: list[str]) -> bool:
    place = getattr(sys.modules.get(name), "__file__", None)
    return place is not None and any(Path(place).is_relative_to(entry) for entry in path if entry)


def _taken(names: set[str]) -> dict[str, ModuleType]:
    """Take the modules below these names out of the interpreter's list, and return them."""
    found = [name for name in sys.modules if name.partition(".")[0] in names]
    return {name: sys.modules.pop(name) for name in found}


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
