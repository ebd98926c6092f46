"""Whoever dies, hangs or is stopped: the attempt ends, its outcome says how, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from support.step_bench import StepBench, alive, wait_until
from tenuto.core.errors import TenutoError
from tenuto.pipelines.errors import EXECUTOR_CLOSED, NO_SPACE, STEP_SERVER_NOT_STARTED
from tenuto.pipelines.execution.supervising import Patience
from tenuto.pipelines.words import ItemOutcome, Outcome, Status, StepError

pytestmark = pytest.mark.system

SLEEP = """
    import os, signal, subprocess, sys, time

    def step(x=None):
        print(os.getpid(), flush=True)
        time.sleep(60)

    def answer():
        return os.getpid()

    def family():
        inner = subprocess.Popen(["sleep", "60"])
        print(inner.pid, flush=True)
        time.sleep(60)

    def orphan():
        inner = subprocess.Popen(["sleep", "60"])
        return inner.pid

    def stubborn():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print(os.getpid(), flush=True)
        time.sleep(60)

    def tidy():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
        try:
            time.sleep(60)
        finally:
            print("tidied up", flush=True)

    def deaf():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
"""


@pytest.fixture
def sleepy(bench: StepBench) -> StepBench:
    bench.write(SLEEP)
    return bench


def error_of(outcome: Outcome) -> StepError:
    error = outcome.items[0].error
    assert error is not None
    return error


@pytest.mark.capability("O2")
def test_a_killed_step_is_lost_and_the_next_one_runs(sleepy: StepBench) -> None:
    running = sleepy.start(sleepy.attempt(out=None))
    os.kill(int(sleepy.mark(running.attempt)), signal.SIGKILL)
    outcome = running.outcome()
    assert outcome.status is Status.LOST
    assert "killed by SIGKILL" in error_of(outcome).message
    assert error_of(outcome).retryable
    assert sleepy.told == []
    assert sleepy.run(sleepy.attempt("work:answer")).status is Status.SUCCEEDED


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGTERM])
def test_whatever_signal_ends_a_step_is_named(sleepy: StepBench, number: signal.Signals) -> None:
    running = sleepy.start(sleepy.attempt(out=None))
    os.kill(int(sleepy.mark(running.attempt)), number)
    outcome = running.outcome()
    assert outcome.status is Status.LOST
    assert number.name in error_of(outcome).message


def test_a_step_that_leaves_without_a_word_is_lost(bench: StepBench) -> None:
    bench.write("import os\n\ndef step():\n    os._exit(0)")
    outcome = bench.run(bench.attempt())
    assert outcome.status is Status.LOST
    assert "exit code 0" in error_of(outcome).message


@pytest.mark.capability("O2")
def test_a_killed_zygote_takes_its_steps_along_and_is_made_anew(sleepy: StepBench) -> None:
    running = sleepy.start(sleepy.attempt(out=None))
    process = int(sleepy.mark(running.attempt))
    [zygote] = sleepy.executor.zygotes()
    os.kill(zygote, signal.SIGKILL)
    outcome = running.outcome()
    assert outcome.status is Status.LOST
    assert outcome.usage.cpu_seconds is None
    wait_until(lambda: not alive(process), "the step's process dies with its zygote")
    assert sleepy.run(sleepy.attempt("work:answer")).status is Status.SUCCEEDED
    assert sleepy.executor.zygotes() != [zygote]


def test_a_killed_zygote_leaves_no_grandchild(sleepy: StepBench) -> None:
    running = sleepy.start(sleepy.attempt("work:family", out=None))
    inner = int(sleepy.mark(running.attempt))
    os.kill(sleepy.executor.zygotes()[0], signal.SIGKILL)
    assert running.outcome().status is Status.LOST
    wait_until(lambda: not alive(inner), "what the step started dies too")


@pytest.mark.capability("O2")
def test_a_stopped_zygote_does_not_keep_a_running_step_from_succeeding(make_bench: Any) -> None:
    bench = make_bench(patience=Patience(fork=30.0, grace=1.0, exit=0.5))
    bench.write("""
        import os, time

        def step():
            print(os.getpid(), flush=True)
            while not os.path.exists("go"):
                time.sleep(0.01)
            return 1
    """)
    running = bench.start(bench.attempt())
    process = int(bench.mark(running.attempt))
    zygote = bench.executor.zygotes()[0]
    os.kill(zygote, signal.SIGSTOP)
    try:
        Path(f"/proc/{process}/cwd/go").write_text("")
        outcome = running.outcome()
    finally:
        os.kill(zygote, signal.SIGCONT)
    assert outcome.status is Status.SUCCEEDED


@pytest.mark.capability("O2")
def test_a_stopped_zygote_is_replaced_when_the_next_step_comes(make_bench: Any) -> None:
    bench = make_bench(patience=Patience(fork=5.0, grace=1.0, exit=1.0))
    bench.write(SLEEP)
    bench.run(bench.attempt("work:answer"))
    [zygote] = bench.executor.zygotes()
    os.kill(zygote, signal.SIGSTOP)
    assert bench.run(bench.attempt("work:answer")).status is Status.SUCCEEDED
    assert bench.executor.zygotes() != [zygote]
    assert not alive(zygote)


@pytest.mark.capability("O1")
@pytest.mark.parametrize("step", ["step", "stubborn", "deaf", "family"])
def test_a_step_that_takes_too_long_is_ended_whatever_it_does_about_it(sleepy: StepBench, step: str) -> None:
    attempt = sleepy.attempt(f"work:{step}", out=None, more={"timeout": 0.3})
    outcome = sleepy.run(attempt)
    assert outcome.status is Status.TIMED_OUT
    assert error_of(outcome).message == "no result within 0.3 seconds"
    for printed in sleepy.printed(attempt):
        wait_until(lambda: not alive(int(printed)), "it is dead")  # noqa: B023 (waited for here)


def test_a_step_may_tidy_up_when_its_time_is_over(sleepy: StepBench) -> None:
    attempt = sleepy.attempt("work:tidy", out=None, more={"timeout": 1.5})
    assert sleepy.run(attempt).status is Status.TIMED_OUT
    assert sleepy.printed(attempt) == ["tidied up"]


def test_a_stopped_step_is_ended_by_its_timeout(sleepy: StepBench) -> None:
    running = sleepy.start(sleepy.attempt(out=None, more={"timeout": 2.0}))
    process = int(sleepy.mark(running.attempt))
    os.kill(process, signal.SIGSTOP)
    assert running.outcome().status is Status.TIMED_OUT
    wait_until(lambda: not alive(process), "it is dead")


@pytest.mark.capability("O1")
def test_a_running_step_can_be_cancelled(sleepy: StepBench) -> None:
    running = sleepy.start(sleepy.attempt(out=None))
    process = int(sleepy.mark(running.attempt))
    assert sleepy.executor.cancel(running.attempt.attempt_id)
    outcome = running.outcome()
    assert outcome.status is Status.CANCELLED
    wait_until(lambda: not alive(process), "it is dead")
    assert not sleepy.executor.cancel(running.attempt.attempt_id)


def test_a_step_can_be_cancelled_before_it_is_forked(sleepy: StepBench) -> None:
    sleepy.run(sleepy.attempt("work:answer"))
    [zygote] = sleepy.executor.zygotes()
    os.kill(zygote, signal.SIGSTOP)
    running = sleepy.start(sleepy.attempt(out=None))
    wait_until(lambda: sleepy.executor.cancel(running.attempt.attempt_id), "the attempt is known")
    os.kill(zygote, signal.SIGCONT)
    assert running.outcome().status is Status.CANCELLED


def test_what_a_step_leaves_running_ends_with_it(sleepy: StepBench) -> None:
    outcome = sleepy.run(sleepy.attempt("work:orphan"))
    assert outcome.status is Status.SUCCEEDED
    wait_until(lambda: not alive(sleepy.value(outcome)), "what was left running ends")


def test_whoever_is_told_may_stop_the_attempt_by_raising(bench: StepBench) -> None:
    bench.write("import os\n\ndef step(x):\n    return os.getpid()")
    told: list[ItemOutcome] = []

    def refuse(outcome: ItemOutcome) -> None:
        told.append(outcome)
        raise OSError("the journal is away")

    with pytest.raises(OSError, match="the journal is away"):
        bench.executor.run(bench.attempt(over=list(range(1000))), refuse)
    assert len(told) == 1
    wait_until(lambda: not alive(bench.value(told[0])), "the step's process ends")
    assert bench.run(bench.attempt(x=1)).status is Status.SUCCEEDED


def test_closing_the_executor_loses_what_runs_and_leaves_nothing(sleepy: StepBench) -> None:
    running = sleepy.start(sleepy.attempt("work:family", out=None))
    inner = int(sleepy.mark(running.attempt))
    [zygote] = sleepy.executor.zygotes()
    sleepy.executor.close()
    assert running.outcome().status is Status.LOST
    wait_until(lambda: not alive(inner), "what the step started dies too")
    assert not alive(zygote)
    with pytest.raises(TenutoError) as raised:
        sleepy.run(sleepy.attempt("work:answer"))
    assert raised.value.fault is EXECUTOR_CLOSED


WORKER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from support.step_bench import StepBench
bench = StepBench(Path({folder!r}))
bench.write(Path({code!r}).read_text())
attempt = bench.attempt("work:family", out=None)
bench.executor._zygotes.current()
print(*bench.executor.zygotes(), attempt.log_file, flush=True)
bench.run(attempt)
"""


@pytest.mark.capability("O2")
def test_a_killed_worker_leaves_no_process_behind(tmp_path: Path) -> None:
    (tmp_path / "sleep.py").write_text(textwrap.dedent(SLEEP))
    (tmp_path / "bench").mkdir()
    tests = str(Path(__file__).parents[2])
    code = WORKER.format(tests=tests, folder=str(tmp_path / "bench"), code=str(tmp_path / "sleep.py"))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        zygote, _, log = worker.stdout.readline().strip().partition(" ")
        wait_until(lambda: Path(log).exists() and b"\n" in Path(log).read_bytes(), "the step runs")
        inner = int(Path(log).read_text().partition('"text":"')[2].partition('"')[0])
        assert alive(int(zygote))
        assert alive(inner)
        worker.kill()
    wait_until(lambda: not alive(int(zygote)), "the zygote ends with its worker")
    wait_until(lambda: not alive(inner), "and so does all that its steps started")


def test_an_idle_zygote_ends_and_another_is_started_when_needed(make_bench: Any) -> None:
    bench = make_bench(idle_seconds=0.3)
    bench.write(SLEEP)
    bench.run(bench.attempt("work:answer"))
    [zygote] = bench.executor.zygotes()
    wait_until(lambda: not alive(zygote), "the idle zygote ends")
    assert bench.executor.zygotes() == []
    assert bench.run(bench.attempt("work:answer")).status is Status.SUCCEEDED


def test_a_zygote_with_a_running_step_is_not_idle(make_bench: Any) -> None:
    bench = make_bench(idle_seconds=0.2)
    bench.write("import time\n\ndef step():\n    time.sleep(1)\n    return 1")
    assert bench.run(bench.attempt()).status is Status.SUCCEEDED


@pytest.mark.capability("O5")
def test_a_changed_environment_gets_a_zygote_of_its_own(sleepy: StepBench) -> None:
    running = sleepy.start(sleepy.attempt(out=None))
    process = int(sleepy.mark(running.attempt))
    [first] = sleepy.executor.zygotes()
    sleepy.environment = "another"
    assert sleepy.run(sleepy.attempt("work:answer")).status is Status.SUCCEEDED
    assert len(sleepy.executor.zygotes()) == 2
    assert alive(process), "steps of the former environment run to their end"
    os.kill(process, signal.SIGKILL)
    running.outcome()
    wait_until(lambda: not alive(first), "the former zygote ends with its last step")
    assert sleepy.run(sleepy.attempt("work:answer")).status is Status.SUCCEEDED
    assert len(sleepy.executor.zygotes()) == 1


def test_a_library_that_starts_a_thread_cannot_be_preloaded(
    make_bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(preload=("onnxruntime",), patience=Patience(fork=10.0))
    bench.write(SLEEP)
    bench.executor._zygotes.current()
    wait_until(lambda: not bench.executor.zygotes(), "the zygote refuses to live with a thread")
    assert "importing onnxruntime started a thread" in (bench.folder / "work" / "zygote.log").read_text()


def test_a_zygote_that_does_not_come_up_is_told_with_its_last_words(
    make_bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(TenutoError) as raised:
        bench.run(bench.attempt())
    assert raised.value.fault is STEP_SERVER_NOT_STARTED
    assert raised.value.fault.retryable


def test_a_library_that_is_not_installed_is_no_hindrance(make_bench: Any) -> None:
    bench = make_bench(preload=("no_such_library_at_all",))
    bench.write(SLEEP)
    assert bench.run(bench.attempt("work:answer")).status is Status.SUCCEEDED
    log = bench.folder / "work" / "zygote.log"
    wait_until(lambda: "no_such_library_at_all" in log.read_text(), "the zygote's log tells")
    assert bench.run(bench.attempt("work:answer")).status is Status.SUCCEEDED


def test_a_full_disk_is_told_as_such(bench: StepBench) -> None:
    bench.write("import errno\n\ndef step():\n    raise OSError(errno.ENOSPC, 'No space left on device')")
    error = error_of(bench.run(bench.attempt(out=None)))
    assert (error.type, error.retryable) == ("pipelines.no_space", True)
    bench.write("def step():\n    print('x')")
    with pytest.raises(TenutoError) as raised:
        bench.run(bench.attempt(out=None, more={"log_file": "/dev/full"}))
    assert raised.value.fault is NO_SPACE


@pytest.mark.parametrize(
    ("talk", "detail"),
    [
        ("b'\\xff\\xff\\xff\\xff'", "a message of 4294967295 bytes"),
        ("b'\\x00\\x00\\x00\\x02[]'", "Expected `object`"),
        ("b'\\x00\\x00\\x00\\x01x'", "malformed"),
        ("frame(Started(7))", "item 7 starts"),
        ("frame(Ended(3, ItemOutcome(None, Status.SUCCEEDED)))", "item 3 ends"),
        ("frame(Ended(0, ItemOutcome(None, Status.CANCELLED)))", "ends as cancelled"),
        ("frame(Ended(0, ItemOutcome(None, Status.SUCCEEDED)))", "outputs []"),
    ],
)
def test_a_step_that_talks_for_its_process_is_stopped(bench: StepBench, talk: str, detail: str) -> None:
    bench.write(f"""
        import os, time
        from tenuto.pipelines.execution.messages import *
        from tenuto.pipelines.words import *

        def step():
            [talk] = [int(fd) for fd in os.listdir("/proc/self/fd") if "socket" in link(fd)]
            os.write(talk, {talk})
            time.sleep(60)

        def link(fd):
            try:
                return os.readlink(f"/proc/self/fd/{{fd}}")
            except OSError:
                return ""
    """)
    outcome = bench.run(bench.attempt())
    assert outcome.status is Status.LOST
    assert error_of(outcome).type == "pipelines.step_talk_broken"
    assert detail in error_of(outcome).message
    assert bench.told == []


def test_a_step_that_closes_the_talk_is_lost(bench: StepBench) -> None:
    bench.write("import os\n\ndef step():\n    os.closerange(3, 1000)\n    return 1")
    assert bench.run(bench.attempt()).status is Status.LOST


def test_a_step_that_closes_its_streams_still_answers(bench: StepBench) -> None:
    bench.write("""
        import os, sys

        def step():
            sys.stdout.close()
            sys.stderr = None
            os.close(1)
            return 1
    """)
    assert bench.value(bench.run(bench.attempt())) == 1


def test_a_process_that_escapes_its_group_holds_up_nobody(make_bench: Any) -> None:
    bench = make_bench(patience=Patience(fork=30.0, grace=0.5, exit=0.5))
    bench.write("""
        import subprocess

        def step():
            inner = subprocess.Popen(["sh", "-c", "while echo noise; do :; done"], start_new_session=True)
            return inner.pid
    """)
    outcome = bench.run(bench.attempt())
    assert outcome.status is Status.SUCCEEDED
    escaped = bench.value(outcome)
    wait_until(lambda: not alive(escaped), "it ends when nobody reads what it prints")


def test_time_to_start_is_not_taken_from_the_steps_time(make_bench: Any) -> None:
    bench = make_bench()
    bench.write("def step():\n    return 1")
    bench.executor._zygotes.current()
    [zygote] = bench.executor.zygotes()
    os.kill(zygote, signal.SIGSTOP)
    running = bench.start(bench.attempt(more={"timeout": 1.5}))
    time.sleep(2.0)
    os.kill(zygote, signal.SIGCONT)
    assert running.outcome().status is Status.SUCCEEDED
