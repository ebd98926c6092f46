"""Runs the attempts of this machine: each in a process of its own, or inline where the step says so."""

from __future__ import annotations

import contextlib
import logging
import math
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.pipelines.archive import remove_folder
from tenuto.pipelines.errors import EXECUTOR_CLOSED, NO_SPACE, STEP_SERVER_NOT_STARTED
from tenuto.pipelines.execution.calling import NO_SPACE_LEFT
from tenuto.pipelines.execution.inline import InlineRunner
from tenuto.pipelines.execution.logs import LogFile
from tenuto.pipelines.execution.messages import Limits, StepSpec, ZygoteConfig
from tenuto.pipelines.execution.starting import ZygoteGoneError, Zygotes
from tenuto.pipelines.execution.supervising import Patience, Supervision
from tenuto.pipelines.ports import OnItem
from tenuto.pipelines.words import ItemOutcome, Outcome, StepAttempt

# Imported by the zygote if installed. What starts threads when imported (onnxruntime, duckdb) cannot be here.
PRELOADED = (
    "numpy", "pyarrow", "sklearn.linear_model", "sklearn.ensemble", "sklearn.pipeline", "sklearn.preprocessing",
    "sklearn.model_selection", "sklearn.metrics", "sklearn.datasets", "skops.io", "onnx",
)  # fmt: skip
_STARTS = 2  # a zygote that went away before it forked is made anew, once
_SPARE_CPU_SECONDS = 60

_logger = logging.getLogger(__name__)


class ExecutorConfig(msgspec.Struct, frozen=True):
    """``folder`` (0700) holds scratch folders and the zygote's log. ``log_bytes`` bounds each attempt's log.
    ``owner`` is the worker whose executor this is: its folders are known by it.

    Without ``allow_inline`` inline steps run in processes like any other. ``sandboxed`` off leaves a step all the
    files of the worker's user; it still has a process, limits and an environment of its own.
    """

    folder: Path
    owner: str = "nobody"
    preload: tuple[str, ...] = PRELOADED
    idle_seconds: float = 300.0
    log_bytes: int = 8 * 2**20
    limits: Limits = Limits()
    patience: Patience = Patience()
    allow_inline: bool = True
    sandboxed: bool = True


class StepExecutor:
    """``environment`` gives the digest of what is installed now; a zygote lives as long as it stays the same."""

    def __init__(self, config: ExecutorConfig, environment: Callable[[], str], clock: Clock) -> None:
        self._config = config
        self._clock = clock
        zygote = ZygoteConfig(config.preload, config.idle_seconds)
        self._zygotes = Zygotes(environment, zygote, config.folder)
        self._inline = InlineRunner(clock)
        self._lock = threading.Lock()
        self._running: dict[str, Callable[[], None]] = {}
        self._closed = False

    def run(self, attempt: StepAttempt, on_item: OnItem | None = None) -> Outcome:
        """Run the attempt to its end and tell how it ended. Raises only what is wrong with the executor."""
        told = on_item or _nobody
        with _told_when_full(), self._scratch() as scratch, self._log_file(attempt) as log:
            Path(attempt.output_folder).mkdir(parents=True, exist_ok=True, mode=0o700)
            spec = self._spec(attempt, scratch)
            if attempt.inline and self._config.allow_inline:
                return self._run_inline(attempt, spec, log, told)
            return self._run_in_process(attempt, spec, log, told)

    def cancel(self, attempt_id: str) -> bool:
        with self._lock:
            found = self._running.get(attempt_id)
            if found is not None:
                found()
            return found is not None

    def clear_after(self, owner: str) -> None:
        """Remove the scratch folders of a worker that died. They are nobody's: its steps died with it."""
        for scratch in self._config.folder.glob(f"{_mark(owner)}*"):
            _remove(scratch)

    def zygotes(self) -> list[int]:
        """Return the process numbers of the zygotes that live: none before the first step, nor long after."""
        return self._zygotes.running()

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._zygotes.close()

    def _run_in_process(self, attempt: StepAttempt, spec: StepSpec, log: LogFile, told: OnItem) -> Outcome:
        reason = ""
        for _ in range(_STARTS):
            zygote = self._zygotes.current()
            supervision = Supervision(
                attempt, spec, log, on_item=told, clock=self._clock, patience=self._config.patience
            )
            try:
                with self._known(attempt, supervision.cancel):
                    return supervision.run(zygote)
            except ZygoteGoneError as error:
                reason = f"{error}; {zygote.last_words()}"
                zygote.kill()
            finally:
                supervision.close()
        raise TenutoError(STEP_SERVER_NOT_STARTED, reason)

    def _run_inline(self, attempt: StepAttempt, spec: StepSpec, log: LogFile, told: OnItem) -> Outcome:
        cancelled = threading.Event()
        with self._known(attempt, cancelled.set):
            return self._inline.run(attempt, spec, log, told, cancelled)

    @contextlib.contextmanager
    def _known(self, attempt: StepAttempt, cancel: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise TenutoError(EXECUTOR_CLOSED)
            self._running[attempt.attempt_id] = cancel
        try:
            yield
        finally:
            with self._lock:
                del self._running[attempt.attempt_id]

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        self._config.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = Path(tempfile.mkdtemp(prefix=_mark(self._config.owner), dir=self._config.folder))
        try:
            yield scratch
        finally:
            _remove(scratch)

    @contextlib.contextmanager
    def _log_file(self, attempt: StepAttempt) -> Iterator[LogFile]:
        log = LogFile(Path(attempt.log_file), self._config.log_bytes, self._clock)
        try:
            yield log
        finally:
            log.close()

    def _spec(self, attempt: StepAttempt, scratch: Path) -> StepSpec:
        return StepSpec(
            step=attempt.step,
            items=attempt.items,
            inputs=attempt.inputs,
            input_types=attempt.input_types,
            outputs=attempt.outputs,
            returns=attempt.returns,
            files=attempt.files,
            code_folder=attempt.code_folder,
            output_folder=attempt.output_folder,
            scratch=str(scratch),
            limits=self._limits(attempt),
            sandboxed=self._config.sandboxed,
        )

    def _limits(self, attempt: StepAttempt) -> Limits:
        cpus = max(1, math.ceil(attempt.resources.cpus or 1))
        most = None
        if attempt.timeout is not None:
            most = math.ceil(attempt.timeout * len(attempt.items) * cpus) + _SPARE_CPU_SECONDS
        return msgspec.structs.replace(
            self._config.limits,
            memory_bytes=attempt.resources.memory_bytes,
            cpu_seconds=most,
            threads=cpus,
        )


def _mark(owner: str) -> str:
    """Return how the names of an owner's folders begin: short, because the paths of sockets have to be."""
    return f"step-{owner[-6:]}-"


def _remove(scratch: Path) -> None:
    try:
        remove_folder(scratch)
    except OSError:
        _logger.warning("a step's scratch folder could not be removed", exc_info=True)


@contextlib.contextmanager
def _told_when_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE_LEFT:
            raise TenutoError(NO_SPACE, str(error)) from error
        raise


def _nobody(_: ItemOutcome) -> None:
    """Nobody asked to be told."""
