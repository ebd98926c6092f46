"""Steps in the worker itself: the same attempts and outcomes, without a process."""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

import tenuto
from support.step_bench import StepBench, wait_until
from tenuto.core import project
from tenuto.pipelines.words import ItemOutcome, Status, StepAttempt

pytestmark = pytest.mark.system


def inline(attempt: StepAttempt) -> StepAttempt:
    return msgspec.structs.replace(attempt, inline=True)


@pytest.mark.capability("O1")
def test_inline_steps_run_in_the_worker_and_start_no_process(bench: StepBench) -> None:
    bench.write("import os\n\ndef step(x):\n    print('hé', x)\n    return [os.getpid(), x]")
    for number in range(10):
        attempt = inline(bench.attempt(x=number))
        assert bench.value(bench.run(attempt)) == [os.getpid(), number]
        assert bench.printed(attempt) == [f"hé {number}"]
    assert bench.executor.zygotes() == []
    assert len(bench.told) == 10


def test_an_inline_step_that_raises_is_an_answer(bench: StepBench) -> None:
    bench.write("import sys\n\ndef step():\n    sys.exit(3)")
    outcome = bench.run(inline(bench.attempt()))
    assert outcome.status is Status.FAILED
    assert outcome.items[0].error is not None
    assert outcome.items[0].error.type == "SystemExit"
    assert outcome.isolation == ()


def test_another_version_of_the_project_is_imported_anew(make_bench: Any) -> None:
    bench = make_bench()
    bench.write("VALUE = 1", "part.py")
    bench.write("import part\n\ndef step():\n    return part.VALUE")
    first = inline(bench.attempt())
    other = make_bench()
    other.write("VALUE = 2", "part.py")
    other.write("import part\n\ndef step():\n    return part.VALUE + 10")
    second = msgspec.structs.replace(first, code_folder=str(other.code), attempt_id="second")
    assert [bench.value(bench.run(attempt)) for attempt in (first, second, first)] == [1, 12, 1]
    assert str(bench.code) not in sys.path


def test_a_module_of_the_worker_with_the_same_name_is_left_alone(bench: StepBench) -> None:
    sys.modules["work"] = own = ModuleType("work")
    try:
        bench.write("STATE = []\n\ndef step():\n    STATE.append(1)\n    return len(STATE)")
        assert [bench.value(bench.run(inline(bench.attempt()))) for _ in range(2)] == [1, 2]
        assert sys.modules["work"] is own
    finally:
        del sys.modules["work"]


def test_installed_modules_are_never_forgotten(bench: StepBench) -> None:
    installed = msgspec.structs.replace(
        inline(bench.attempt("tenuto.core.project:import_roots", out=None)),
        code_folder=str(Path(tenuto.__file__).parents[1]),
    )
    bench.run(installed)
    bench.write("def step():\n    return 1")
    assert bench.value(bench.run(inline(bench.attempt()))) == 1
    assert sys.modules["tenuto.core.project"] is project


def test_an_inline_step_does_not_touch_the_workers_random_numbers(bench: StepBench) -> None:
    bench.write("import random\n\ndef step():\n    return random.random()")
    random.seed(1)
    expected = random.random()
    random.seed(1)
    found = {bench.value(bench.run(inline(bench.attempt()))) for _ in range(2)}
    assert len(found) == 1
    assert random.random() == expected


def test_inline_items_can_be_cancelled_between_two(bench: StepBench) -> None:
    bench.write("def step(x):\n    return x")
    attempt = inline(bench.attempt(over=[0, 1, 2]))

    def cancel(_: ItemOutcome) -> None:
        assert bench.executor.cancel(attempt.attempt_id)

    outcome = bench.executor.run(attempt, cancel)
    assert [item.status for item in outcome.items] == [Status.SUCCEEDED, Status.CANCELLED, Status.CANCELLED]


def test_a_name_that_the_worker_knows_already_is_not_taken_for_the_steps(bench: StepBench) -> None:
    bench.write("def step(): ...", "json.py")
    outcome = bench.run(inline(bench.attempt("json:step")))
    assert outcome.items[0].error is not None
    assert "installed module" in outcome.items[0].error.message


def test_a_package_that_is_not_there_is_told_with_where_to_install_it(bench: StepBench) -> None:
    bench.write("import nowhere_at_all\n\ndef step(): ...")
    error = bench.run(inline(bench.attempt())).items[0].error
    assert error is not None
    assert error.message.startswith("No module named 'nowhere_at_all' (")
    assert "the environment of the worker" in error.message


def test_where_inline_is_not_allowed_the_step_gets_a_process(make_bench: Any) -> None:
    bench = make_bench(allow_inline=False)
    bench.write("import os\n\ndef step():\n    return os.getpid()")
    assert bench.value(bench.run(inline(bench.attempt()))) != os.getpid()


def test_inline_steps_of_several_threads_do_not_meet(bench: StepBench) -> None:
    bench.write("import time\n\ndef step(x):\n    print(x)\n    time.sleep(0.01)\n    print(x)\n    return x")
    attempts = [inline(bench.attempt(x=number)) for number in range(8)]
    threads = [threading.Thread(target=bench.run, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    wait_until(lambda: not any(thread.is_alive() for thread in threads), "all threads end")
    assert [bench.printed(attempt) for attempt in attempts] == [[str(number)] * 2 for number in range(8)]
