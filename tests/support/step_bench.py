"""A project folder and an executor for tests that run real steps in real processes."""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tenuto.core.clock import SystemClock
from tenuto.core.graph import Output, Returns
from tenuto.core.value_types import ANY_JSON, ValueType
from tenuto.pipelines.execution.executor import ExecutorConfig, StepExecutor
from tenuto.pipelines.execution.logs import LogLine
from tenuto.pipelines.execution.supervising import Patience
from tenuto.pipelines.values.sinks import place_of
from tenuto.pipelines.values.storing import files_needed, load, store
from tenuto.pipelines.words import AttemptItem, ItemOutcome, Outcome, StepAttempt, StoredValue

PATIENCE = Patience(fork=30.0, grace=1.0, exit=5.0)


class StepBench:
    """Writes code, runs it as steps, reads back what they returned and printed."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.folder = folder
        self.code = folder / "code"
        self.values = folder / "values"
        for one in (self.code, self.values):
            one.mkdir()
        self.environment = "one"
        chosen = ExecutorConfig(**{"folder": folder / "work", "preload": (), "patience": PATIENCE} | config)
        self.executor = StepExecutor(chosen, lambda: self.environment, SystemClock())
        self.told: list[ItemOutcome] = []
        self._count = 0

    def write(self, text: str, name: str = "work.py") -> None:
        (self.code / name).write_text(textwrap.dedent(text))

    def attempt(
        self,
        step: str = "work:step",
        *,
        out: ValueType | None = ANY_JSON,
        types: dict[str, ValueType] | None = None,
        over: list[Any] | None = None,
        more: dict[str, Any] | None = None,
        **inputs: Any,
    ) -> StepAttempt:
        """An attempt at ``step`` with these inputs; ``over`` makes it a chunk of a map over ``x``."""
        self._count += 1
        types = types or {}
        stored = {name: self.stored(value, types.get(name, ANY_JSON)) for name, value in inputs.items()}
        items = tuple(
            AttemptItem(index, {"x": self.stored(value, types.get("x", ANY_JSON))}, seed=index)
            for index, value in enumerate(over or [])
        )
        files = [one for value in stored.values() for one in files_needed(value)]
        made = StepAttempt(
            attempt_id=f"attempt-{self._count}",
            step=step,
            items=items or (AttemptItem(seed=7),),
            inputs=stored,
            input_types=types,
            outputs=() if out is None else (Output("result", out),),
            returns=Returns.NOTHING if out is None else Returns.VALUE,
            files={one.digest: str(place_of(one.digest, self.values)) for one in files},
            code_folder=str(self.code),
            output_folder=str(self.folder / "out"),
            log_file=str(self.folder / "logs" / f"{self._count}.jsonl"),
        )
        return msgspec.structs.replace(made, **(more or {}))

    def stored(self, value: Any, declared: ValueType) -> StoredValue:
        return store(value, declared, self.values)

    def run(self, attempt: StepAttempt) -> Outcome:
        return self.executor.run(attempt, self.told.append)

    def start(self, attempt: StepAttempt) -> Running:
        return Running(lambda: self.run(attempt), attempt)

    def value(self, outcome: Outcome | ItemOutcome, declared: ValueType = ANY_JSON) -> Any:
        """The one output of a step that succeeded."""
        item = outcome.items[0] if isinstance(outcome, Outcome) else outcome
        assert item.error is None, item.error
        stored = item.outputs["result"]
        out = self.folder / "out"
        files = {one.digest: str(place_of(one.digest, out)) for one in files_needed(stored)}
        return load(stored, declared, files, self.values)

    def log(self, attempt: StepAttempt) -> list[LogLine]:
        lines = Path(attempt.log_file).read_bytes().splitlines()
        return [msgspec.json.decode(line, type=LogLine) for line in lines]

    def printed(self, attempt: StepAttempt) -> list[str]:
        return [line.text for line in self.log(attempt)]

    def mark(self, attempt: StepAttempt, timeout: float = 30.0) -> str:
        """Wait for the first line that a step prints, and return it."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            path = Path(attempt.log_file)
            if path.exists() and path.read_bytes().endswith(b"\n"):
                return self.printed(attempt)[0]
            time.sleep(0.005)
        raise AssertionError("the step printed nothing")


class Running:
    """An attempt that runs in a thread of its own."""

    def __init__(self, run: Callable[[], Outcome], attempt: StepAttempt) -> None:
        self.attempt = attempt
        self._outcome: list[Outcome | BaseException] = []
        self._thread = threading.Thread(target=self._run, args=(run,))
        self._thread.start()

    def _run(self, run: Callable[[], Outcome]) -> None:
        try:
            self._outcome.append(run())
        except BaseException as error:  # noqa: BLE001 (handed to the test)
            self._outcome.append(error)

    def outcome(self, timeout: float = 60.0) -> Outcome:
        self._thread.join(timeout)
        assert self._outcome, "the attempt does not end"
        [found] = self._outcome
        if isinstance(found, BaseException):
            raise found
        return found


def alive(process: int) -> bool:
    """Tell whether a process runs; one that is dead and not yet waited for does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}


def wait_until(holds: Callable[[], bool], what: str, timeout: float = 30.0) -> None:
    end = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < end, f"not within {timeout} s: {what}"
        time.sleep(0.005)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[StepBench]:
    made = StepBench(tmp_path)
    yield made
    made.executor.close()


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., StepBench]]:
    """A bench with a configuration of its own."""
    made: list[StepBench] = []

    def make(**config: Any) -> StepBench:
        folder = tmp_path / f"bench-{len(made)}"
        folder.mkdir()
        made.append(StepBench(folder, **config))
        return made[-1]

    yield make
    for one in made:
        one.executor.close()
