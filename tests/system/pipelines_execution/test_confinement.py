"""What a step cannot do. What the kernel of this machine does not offer is named as not run."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.step_bench import StepBench, alive, wait_until
from tenuto.core.graph import Resources
from tenuto.pipelines.execution.messages import Limits
from tenuto.pipelines.words import Status

pytestmark = pytest.mark.system

SHARED_MEMORY = "/dev/shm"  # noqa: S108 (the machine's own is what this is about)


def landlock_version() -> int:
    return int(ctypes.CDLL(None).syscall(444, None, 0, 1))


needs_landlock = pytest.mark.skipif(landlock_version() < 1, reason="needs Landlock in the kernel")
needs_scopes = pytest.mark.skipif(landlock_version() < 6, reason="needs Landlock 6 in the kernel")

TRY = """
    import os

    def attempted(act):
        try:
            return act()
        except OSError as error:
            return type(error).__name__

    def reading(x):
        return attempted(lambda: open(x).read())

    def writing(x):
        return attempted(lambda: open(x, "w").write("mine"))

    def listing(x):
        return attempted(lambda: os.listdir(x))

    def killing(x):
        return attempted(lambda: os.kill(x, 0))

    def tracing(x):
        return attempted(lambda: open(f"/proc/{x}/environ").read())

    def running(x):
        import subprocess
        return subprocess.run(x, shell=True, capture_output=True, text=True).stdout
"""


@pytest.fixture
def trying(bench: StepBench) -> Callable[..., Any]:
    bench.write(TRY)

    def run(step: str, x: object) -> Any:
        outcome = bench.run(bench.attempt(f"work:{step}", x=x))
        return bench.value(outcome)

    return run


@needs_landlock
@pytest.mark.capability("O1")
def test_a_step_reads_no_file_but_its_own(
    trying: Callable[..., Any], bench: StepBench, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.key"
    secret.write_text("s3cret")
    assert trying("reading", str(secret)) == "PermissionError"
    assert trying("writing", str(tmp_path / "new")) == "PermissionError"
    assert trying("listing", str(tmp_path)) == "PermissionError"
    assert trying("running", f"cat {secret}; echo $?") == "1\n"
    assert trying("reading", str(bench.code / "work.py")).startswith("\nimport os")
    assert trying("writing", "own") == 4
    assert trying("running", "echo from a program") == "from a program\n"


@needs_landlock
def test_a_step_cannot_change_its_code_or_its_inputs(trying: Callable[..., Any], bench: StepBench) -> None:
    assert trying("writing", str(bench.code / "work.py")) == "PermissionError"
    assert trying("writing", str(bench.code / "new.py")) == "PermissionError"
    bench.write("def step(x):\n    import os\n    os.unlink(x)")
    outcome = bench.run(bench.attempt(x=str(bench.code / "work.py")))
    assert outcome.items[0].error is not None
    assert outcome.items[0].error.type == "PermissionError"


@needs_landlock
def test_a_step_cannot_look_into_its_worker(trying: Callable[..., Any]) -> None:
    assert trying("tracing", os.getpid()) == "PermissionError"


@needs_scopes
def test_a_step_cannot_signal_its_worker(trying: Callable[..., Any], bench: StepBench) -> None:
    assert trying("killing", os.getpid()) == "PermissionError"
    [zygote] = bench.executor.zygotes()
    assert trying("killing", zygote) == "PermissionError"


def test_without_the_sandbox_a_step_has_still_a_process_and_limits_of_its_own(
    make_bench: Any, tmp_path: Path
) -> None:
    bench = make_bench(sandboxed=False)
    bench.write(TRY)
    (tmp_path / "open").write_text("seen")
    outcome = bench.run(bench.attempt("work:reading", x=str(tmp_path / "open")))
    assert bench.value(outcome) == "seen"
    assert outcome.isolation == ("no-new-privileges",)


def test_shared_memory_is_the_steps_own_or_out_of_reach(bench: StepBench) -> None:
    bench.write("""
        import os
        from multiprocessing import Lock

        def step():
            with Lock():
                return os.listdir("/dev/shm")
    """)
    marker = Path(SHARED_MEMORY) / f"tenuto-test-{os.getpid()}"
    marker.write_text("somebody else's")
    try:
        outcome = bench.run(bench.attempt())
    finally:
        marker.unlink()
    if "own-shared-memory" in outcome.isolation:
        assert marker.name not in bench.value(outcome)
    else:
        assert outcome.status is Status.FAILED


def test_worker_processes_of_a_library_work(bench: StepBench) -> None:
    bench.write("""
        from multiprocessing import get_context

        def square(x):
            return x * x

        def step():
            with get_context("fork").Pool(2) as pool:
                return pool.map(square, [1, 2, 3])
    """)
    outcome = bench.run(bench.attempt())
    if "own-shared-memory" not in outcome.isolation:
        pytest.skip("needs user namespaces for shared memory")
    assert bench.value(outcome) == [1, 4, 9]


@pytest.mark.capability("O1")
def test_memory_is_bounded_where_the_step_says_so(bench: StepBench) -> None:
    bench.write("def step():\n    return len(bytearray(200 * 2**20))")
    bounded = bench.attempt(more={"resources": Resources(memory_bytes=64 * 2**20)})
    error = bench.run(bounded).items[0].error
    assert error is not None
    assert error.type == "MemoryError"
    assert bench.value(bench.run(bench.attempt())) == 200 * 2**20


def test_files_are_bounded_in_size_and_number(make_bench: Any) -> None:
    bench = make_bench(limits=Limits(open_files=64, file_bytes=2**20))
    bench.write("""
        def size():
            with open("big", "wb") as big:
                big.write(bytes(2**21))

        def number():
            return [open("/dev/null") for _ in range(100)] and 1
    """)
    for step, message in (("size", "File too large"), ("number", "Too many open files")):
        error = bench.run(bench.attempt(f"work:{step}")).items[0].error
        assert error is not None
        assert error.type == "OSError"
        assert message in error.message


def test_a_step_leaves_no_core_file(bench: StepBench) -> None:
    bench.write("import resource\n\ndef step():\n    return list(resource.getrlimit(resource.RLIMIT_CORE))")
    assert bench.value(bench.run(bench.attempt())) == [0, 0]


def test_a_program_of_a_step_dies_with_it_when_time_is_over(bench: StepBench) -> None:
    bench.write("""
        import subprocess, time

        def step():
            print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
            time.sleep(60)
    """)
    attempt = bench.attempt(more={"timeout": 1.5})
    assert bench.run(attempt).status is Status.TIMED_OUT
    [inner] = bench.printed(attempt)
    wait_until(lambda: not alive(int(inner)), "the program is dead")


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to have what is taken away")
def test_root_gives_up_its_powers(bench: StepBench) -> None:
    bench.write("""
        def step():
            with open("/proc/self/status") as status:
                return [line.split()[1] for line in status if line.startswith(("CapEff", "CapPrm", "NoNewPrivs"))]
    """)
    outcome = bench.run(bench.attempt())
    assert "no-capabilities" in outcome.isolation
    assert bench.value(outcome) == ["0000000000000000", "0000000000000000", "1"]
