"""One attempt, watched from outside: started, listened to, timed, stopped, and told how it ended.

The thread that runs an attempt sleeps until something happens on one of its files: the talk with the step's
process, its status pipe, what it prints, a wish to cancel. Nothing that the step does or fails to do keeps it
waiting beyond the step's timeout and the grace after it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
from collections.abc import Callable
from enum import Enum

import msgspec

from tenuto.core.clock import Clock
from tenuto.core.errors import TenutoError
from tenuto.pipelines.execution.items import Items
from tenuto.pipelines.execution.logs import LogFile
from tenuto.pipelines.execution.messages import (
    Answer,
    Confined,
    Ended,
    Frames,
    Gone,
    Refused,
    Started,
    StepSpec,
    Word,
    frame,
    read_answer,
)
from tenuto.pipelines.execution.starting import ZygoteGoneError, ZygoteProcess
from tenuto.pipelines.ports import OnItem
from tenuto.pipelines.words import ItemOutcome, Outcome, Status, StepAttempt, StepError, Usage

_CHUNK = 1 << 16
_MOST_READS_AT_THE_END = 64  # a pipe's worth; a process that escaped its group may write for ever


class Patience(msgspec.Struct, frozen=True):
    """How long to wait for what, in seconds."""

    fork: float = 30.0  # for a process that is ready, the zygote's start included
    grace: float = 5.0  # between SIGTERM, which a step may handle, and SIGKILL
    exit: float = 5.0  # between its last word, or its kill, and its end


class Stage(Enum):
    FORKING = "forking"
    RUNNING = "running"
    ENDING = "ending"  # asked to end
    LEAVING = "leaving"  # has said its last word
    KILLED = "killed"
    OVER = "over"


class Supervision:
    """Use once: ``run`` in one thread, ``cancel`` from any until ``close``."""

    def __init__(
        self,
        attempt: StepAttempt,
        spec: StepSpec,
        log: LogFile,
        *,
        on_item: OnItem,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self._attempt, self._log, self._on_item = attempt, log, on_item
        self._clock, self._patience = clock, patience
        self._items = Items(attempt)
        self._cancelled = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._selector = selectors.DefaultSelector()
        self._stage = Stage.FORKING
        self._deadline: float | None = None
        self._verdict: Status | None = None
        self._complaint: TenutoError | None = None
        self._process: int | None = None
        self._gone: Gone | None = None
        self._talking = True
        self._isolation: tuple[str, ...] = ()
        self._frames = Frames()
        self._words = b""
        self._unsent = frame(spec)

    def cancel(self) -> None:
        os.eventfd_write(self._cancelled, 1)

    def close(self) -> None:
        os.close(self._cancelled)

    def run(self, zygote: ZygoteProcess) -> Outcome:
        """Run the attempt to its end. Raises ``ZygoteGoneError`` when nothing was run."""
        begun = self._clock.monotonic()
        with contextlib.ExitStack() as stack:
            self._start(zygote, stack)
            stack.callback(self._signal, signal.SIGKILL)
            self._listen()
        return Outcome(
            items=self._items.complete(self._verdict, self._reason()),
            usage=self._usage(self._clock.monotonic() - begun),
            isolation=self._isolation,
        )

    # -- files ---------------------------------------------------------------------------------------------

    def _start(self, zygote: ZygoteProcess, stack: contextlib.ExitStack) -> None:
        stack.callback(self._selector.close)
        with contextlib.ExitStack() as theirs:
            talk, other_end = (one.detach() for one in socket.socketpair())
            pairs = [(talk, other_end), *(os.pipe() for _ in range(3))]
            for ours, given in pairs:
                stack.callback(os.close, ours)
                theirs.callback(os.close, given)
                os.set_blocking(ours, False)
            self._watch([ours for ours, _ in pairs])
            zygote.fork([given for _, given in pairs])

    def _watch(self, files: list[int]) -> None:
        talk, *read_only = files
        handlers: list[Callable[[bytes], None]] = [
            self._on_status,
            self._printed("stdout"),
            self._printed("stderr"),
            self._on_cancel,
        ]
        self._selector.register(talk, selectors.EVENT_READ | selectors.EVENT_WRITE, self._on_talk)
        for one, handler in zip([*read_only, self._cancelled], handlers, strict=True):
            self._selector.register(one, selectors.EVENT_READ, handler)
        self._expect(self._patience.fork)

    def _listen(self) -> None:
        while self._stage is not Stage.OVER:
            left = None if self._deadline is None else max(0.0, self._deadline - self._clock.monotonic())
            for key, events in self._selector.select(left):
                if events & selectors.EVENT_WRITE:
                    self._send(key.fd)
                if events & selectors.EVENT_READ:
                    self._read(key)
            if self._deadline is not None and self._clock.monotonic() >= self._deadline:
                self._escalate()
        for key in list(self._selector.get_map().values()):
            for _ in range(_MOST_READS_AT_THE_END):
                if not self._read(key):
                    break

    def _read(self, key: selectors.SelectorKey) -> bool:
        """Hand on what a file has now; False when it has nothing, or nothing more ever."""
        try:
            content = os.read(key.fd, _CHUNK)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            content = b""
        if not content:
            self._selector.unregister(key.fd)
        key.data(content)
        return bool(content)

    def _send(self, talk: int) -> None:
        try:
            sent = os.write(talk, self._unsent[: 1 << 20])
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            sent = len(self._unsent)  # it has died; its status will say so
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._selector.modify(talk, selectors.EVENT_READ, self._on_talk)

    # -- what is heard -------------------------------------------------------------------------------------

    def _on_talk(self, content: bytes) -> None:
        for outcome in self._hear_all(content):
            self._on_item(outcome)
        if not content:
            self._talking = False
            if self._stage is Stage.RUNNING:
                self._leave()
            self._over_if_alone()

    def _hear_all(self, content: bytes) -> list[ItemOutcome]:
        """Return the outcomes told. A process that talks nonsense is killed; what it said before stands."""
        told: list[ItemOutcome] = []
        try:
            for one in self._frames.feed(content):
                told += self._hear(read_answer(one))
        except TenutoError as error:
            self._complaint = self._complaint or error
            self._kill()
        return told

    def _hear(self, answer: Answer) -> list[ItemOutcome]:
        if isinstance(answer, Ended):
            if self._verdict is not None and answer.outcome.status is Status.FAILED:
                return []  # how it took being asked to end
            self._expect(self._patience.fork, only_in=Stage.RUNNING)
            return [self._items.end(answer.position, answer.outcome)]
        if isinstance(answer, Started):
            self._items.start(answer.position)
            self._expect(self._attempt.timeout, only_in=Stage.RUNNING)
        elif isinstance(answer, Confined):
            self._isolation = answer.isolation
        elif self._stage is Stage.RUNNING:  # it has finished
            self._leave()
        return []

    def _on_status(self, content: bytes) -> None:
        *lines, self._words = (self._words + content).split(b"\n")
        for one in lines:
            self._note(msgspec.json.decode(one, type=Word))
        if not content and self._gone is None:
            self._zygote_died()

    def _note(self, word: Word) -> None:
        if isinstance(word, Refused):
            raise ZygoteGoneError(word.reason)
        if isinstance(word, Gone):
            self._gone = word
            self._stage = Stage.OVER
            return
        self._process = word.pid
        self._stage = Stage.RUNNING
        if self._verdict is not None:
            self._kill()

    def _printed(self, stream: str) -> Callable[[bytes], None]:
        return lambda content: self._log.feed(stream, content)

    def _on_cancel(self, _: bytes) -> None:
        if self._stage in {Stage.FORKING, Stage.RUNNING}:
            self._verdict = Status.CANCELLED
            if self._stage is Stage.RUNNING:
                self._ask_to_end()

    # -- what is done --------------------------------------------------------------------------------------

    def _escalate(self) -> None:
        """The time for what was expected is over."""
        if self._stage is Stage.FORKING:
            self._nothing_ran("it does not answer")
        elif self._stage is Stage.RUNNING and self._items.in_flight:
            self._verdict = Status.TIMED_OUT
            self._ask_to_end()
        elif self._stage is Stage.KILLED:
            self._stage = Stage.OVER  # the kernel cannot end it now; nobody waits for it
        else:
            self._kill()

    def _ask_to_end(self) -> None:
        self._stage = Stage.ENDING
        self._expect(self._patience.grace)
        self._signal(signal.SIGTERM)

    def _leave(self) -> None:
        self._stage = Stage.LEAVING
        self._expect(self._patience.exit)

    def _kill(self) -> None:
        self._stage = Stage.KILLED
        self._expect(self._patience.exit)
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        """Signal the step's process group, unless it is known to be gone: its number may be another's then."""
        if self._process is not None and self._gone is None:
            with contextlib.suppress(ProcessLookupError):  # its end is on its way to us
                os.killpg(self._process, number)

    def _zygote_died(self) -> None:
        """The kernel kills the step's process with its zygote; the rest of its group is for us to kill."""
        if self._process is None:
            self._nothing_ran("it ended")
            return
        self._kill()
        self._over_if_alone()

    def _over_if_alone(self) -> None:
        """With the zygote dead nobody tells of the process's end but the end of the talk."""
        status_open = any(key.data == self._on_status for key in self._selector.get_map().values())
        if not self._talking and not status_open:
            self._stage = Stage.OVER

    def _nothing_ran(self, reason: str) -> None:
        if self._verdict is None:
            raise ZygoteGoneError(reason)
        self._stage = Stage.OVER

    def _expect(self, seconds: float | None, *, only_in: Stage | None = None) -> None:
        if only_in is None or self._stage is only_in:
            self._deadline = None if seconds is None else self._clock.monotonic() + seconds

    # -- what is told --------------------------------------------------------------------------------------

    def _usage(self, seconds: float) -> Usage:
        gone = self._gone
        return Usage(
            wall_seconds=seconds,
            cpu_seconds=gone.cpu_seconds if gone else None,
            peak_memory_bytes=gone.peak_memory_bytes if gone else None,
            log_bytes=self._log.received,
        )

    def _reason(self) -> StepError:
        """Return why an item has no answer of its own."""
        if self._verdict is Status.TIMED_OUT:
            return StepError("Timeout", f"no result within {self._attempt.timeout:g} seconds")
        if self._verdict is Status.CANCELLED:
            return StepError("Cancelled", "the run was cancelled")
        if self._complaint is not None:
            return StepError(self._complaint.fault.code, str(self._complaint))
        return StepError("ProcessLost", self._death())

    def _death(self) -> str:
        if self._gone is None:
            return "its process went away together with the process that started it"
        if self._gone.code >= 0:
            return f"its process ended without an answer (exit code {self._gone.code})"
        name = signal.Signals(-self._gone.code).name
        hint = "; the kernel does so when memory runs out" if name == "SIGKILL" else ""
        return f"its process was killed by {name}{hint}"
