"""What a step in a process of its own is given, does, and gives back."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from support.step_bench import StepBench, open_files
from tenuto.core.graph import Output, Resources, Returns
from tenuto.core.value_types import FilePath, FolderPath, Kind, ValueType, list_of
from tenuto.pipelines.words import Status

pytestmark = pytest.mark.system

INT, FLOAT = ValueType(Kind.INT), ValueType(Kind.FLOAT)
ARRAY, TABLE, FILE, FOLDER, ESTIMATOR, ONNX = (
    ValueType(kind) for kind in (Kind.ARRAY, Kind.TABLE, Kind.FILE, Kind.FOLDER, Kind.ESTIMATOR, Kind.ONNX)
)


@pytest.mark.capability("O1")
def test_a_step_gets_its_inputs_and_gives_back_its_outputs(bench: StepBench) -> None:
    bench.write("""
        from tenuto.client import step

        @step
        def double(x: int, by: float = 2.0) -> list[float]:
            return [x * by, float("nan")]
    """)
    outcome = bench.run(bench.attempt("work:double", out=list_of(FLOAT), types={"x": INT}, x=21))
    assert str(bench.value(outcome, list_of(FLOAT))) == "[42.0, nan]"
    assert outcome.status is Status.SUCCEEDED
    assert [item.status for item in bench.told] == [Status.SUCCEEDED]
    assert outcome.usage.cpu_seconds is not None
    assert outcome.usage.peak_memory_bytes is not None
    assert {"no-new-privileges"} <= set(outcome.isolation)


@pytest.mark.capability("O1")
def test_several_outputs_and_none(bench: StepBench) -> None:
    bench.write("""
        from typing import NamedTuple

        class Pair(NamedTuple):
            left: int
            right: str

        def pair() -> Pair:
            return Pair(1, "é")

        def two():
            return 1, 2

        def nothing() -> None:
            return None
    """)
    several = {
        "outputs": (Output("left", INT), Output("right", ValueType(Kind.TEXT))),
        "returns": Returns.FIELDS,
    }
    outcome = bench.run(bench.attempt("work:pair", more=several))
    assert {name: value.text for name, value in outcome.items[0].outputs.items()} == {
        "left": "1",
        "right": '"é"',
    }
    three = {"outputs": tuple(Output(str(index), INT) for index in range(3)), "returns": Returns.TUPLE}
    error = bench.run(bench.attempt("work:two", more=three)).items[0].error
    assert error is not None
    assert "outputs 0, 1, 2 are declared" in error.message
    assert bench.run(bench.attempt("work:nothing", out=None)).items[0].outputs == {}


@pytest.mark.capability("O1")
def test_arrays_tables_files_folders_and_models_cross_the_process(bench: StepBench, tmp_path: Path) -> None:
    bench.write("""
        import numpy as np
        import pyarrow as pa
        from tenuto.client import FilePath, FolderPath

        def array(x: np.ndarray) -> np.ndarray:
            return x * 2

        def table(x: pa.Table) -> pa.Table:
            return x.append_column("b", pa.array([True]))

        def file(x: FilePath) -> FilePath:
            made = FilePath("made.txt")
            made.write_text(x.read_text() + x.name)
            return made

        def folder(x: FolderPath) -> FolderPath:
            (x / "sub").mkdir()
            (x / "sub" / "new").write_text("new")
            return x

        def arrays(x: list) -> list:
            return [x[1], x[0]]
    """)
    bench.write(
        """
        from sklearn.linear_model import LogisticRegression

        def model(x):
            return LogisticRegression().fit(x, [0, 1])
        """,
        "learning.py",
    )
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.txt").write_text("content of ")

    def through(step: str, kind: ValueType, x: Any) -> Any:
        return bench.value(bench.run(bench.attempt(f"work:{step}", out=kind, types={"x": kind}, x=x)), kind)

    np.testing.assert_array_equal(through("array", ARRAY, np.arange(3)), np.arange(3) * 2)
    assert through("table", TABLE, pa.table({"a": [1]})).to_pylist() == [{"a": 1, "b": True}]
    assert through("file", FILE, FilePath(tmp_path / "tree" / "a.txt")).read_text() == "content of a.txt"
    folder = through("folder", FOLDER, FolderPath(tmp_path / "tree"))
    assert sorted(path.name for path in folder.rglob("*")) == ["a.txt", "new", "sub"]
    one, other = through("arrays", list_of(ARRAY), [np.arange(2), np.arange(3.0)])
    assert (one.dtype, other.dtype) == (np.dtype("float64"), np.dtype("int64"))
    attempt = bench.attempt("learning:model", out=ESTIMATOR, types={"x": ARRAY}, x=np.array([[0.0], [1.0]]))
    fitted = bench.value(bench.run(attempt), ESTIMATOR)
    assert list(fitted.predict([[0.0], [1.0]])) == [0, 1]


LOOK = """
    import os, stat, sys

    def step() -> dict:
        home = os.stat(os.environ["HOME"])
        with open("note", "w") as note:
            note.write("mine")
        return {
            "environment": dict(os.environ),
            "modules": sorted({name.partition(".")[0] for name in sys.modules}),
            "folder": os.getcwd(),
            "mode": stat.S_IMODE(home.st_mode),
            "umask": stat.S_IMODE(os.stat("note").st_mode),
            "files": [os.readlink(f"/proc/self/fd/{fd}") for fd in ("0", "1", "2")],
            "number": len(os.listdir("/proc/self/fd")),
            "threads": len(os.listdir("/proc/self/task")),
            "session": [os.getpid(), os.getsid(0), os.getpgid(0)],
            "stdin": sys.stdin.read(),
        }
"""


@pytest.mark.capability("O1")
def test_a_step_has_a_scratch_folder_and_knows_nothing_of_its_worker(
    bench: StepBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENUTO_SECRET", "s3cret")
    bench.write(LOOK)
    seen = bench.value(bench.run(bench.attempt()))
    assert "s3cret" not in str(seen)
    assert "TENUTO_SECRET" not in seen["environment"]
    assert seen["environment"]["HOME"] == seen["folder"]
    assert seen["environment"]["TMPDIR"].startswith(seen["folder"])
    assert (seen["mode"], seen["umask"]) == (0o700, 0o600)
    assert not Path(seen["folder"]).exists()
    assert not {"psycopg", "sqlalchemy", "fsspec", "cryptography", "starlette"} & set(seen["modules"])
    assert seen["files"][0] == "/dev/null"
    assert seen["number"] <= 5  # the three, the talk, and the folder that is being listed
    assert seen["threads"] == 1
    assert len(set(seen["session"])) == 1
    assert seen["stdin"] == ""


def test_a_warm_zygote_brings_no_database_either(make_bench: Any) -> None:
    bench = make_bench(preload=("numpy", "tenuto.client"))
    bench.write(LOOK)
    bench.run(bench.attempt())
    seen = bench.value(bench.run(bench.attempt()))
    assert "numpy" in seen["modules"]
    assert not {"psycopg", "sqlalchemy"} & set(seen["modules"])


def test_what_a_step_prints_is_kept_line_by_line(bench: StepBench) -> None:
    bench.write("""
        import os, sys

        def step() -> None:
            print("héllo", "wörld")
            print("problem \\udcff", file=sys.stderr)
            os.write(1, b"raw \\xff\\n")
            os.system("echo from a program")
            print("working 1%\\rworking 100%\\r")
            sys.stdout.write("no end")
    """)
    attempt = bench.attempt(out=None)
    assert bench.run(attempt).status is Status.SUCCEEDED
    lines = bench.log(attempt)
    assert [line.text for line in lines if line.stream == "stdout"] == [
        "héllo wörld",
        "raw \ufffd",
        "from a program",
        "working 100%",
        "no end",
    ]
    assert [line.text for line in lines if line.stream == "stderr"] == ["problem \\udcff"]


def test_a_step_that_prints_megabytes_fills_no_disk(make_bench: Any) -> None:
    bench = make_bench(log_bytes=100_000)
    bench.write("""
        def step() -> int:
            for number in range(200_000):
                print(number, "x" * 50)
            print("x" * 3_000_000)
            return number
    """)
    attempt = bench.attempt()
    outcome = bench.run(attempt)
    assert bench.value(outcome) == 199_999
    assert outcome.usage.log_bytes > 10_000_000
    assert Path(attempt.log_file).stat().st_size < 110_000
    lines = bench.printed(attempt)
    assert lines[0] == "0 " + "x" * 50
    assert any("lines left out" in line for line in lines)


def failing(bench: StepBench, body: str, step: str = "work:step") -> Any:
    bench.write(body)
    outcome = bench.run(bench.attempt(step))
    assert outcome.status is Status.FAILED
    assert outcome.items[0].error is not None
    return outcome.items[0].error


def test_a_step_that_raises_is_told_as_its_author_knows_it(bench: StepBench) -> None:
    error = failing(
        bench,
        """
        def step():
            try:
                {}["clé"]
            except KeyError as missing:
                raise ValueError("no é here") from missing
        """,
    )
    assert (error.type, error.message, error.retryable) == ("ValueError", "no é here", True)
    assert 'File "work.py", line 6, in step' in error.traceback
    assert "KeyError" in error.traceback
    assert "calling.py" not in error.traceback


@pytest.mark.parametrize(
    ("body", "kind", "message", "retryable"),
    [
        ("raise SystemExit(3)", "SystemExit", "3", True),
        ("raise MemoryError", "MemoryError", "", True),
        ("raise type('Odd', (Exception,), {'retryable': False})('x')", "work.Odd", "x", False),
        (
            "raise type('Mute', (Exception,), {'__str__': lambda _: 1 / 0})",
            "work.Mute",
            "cannot be read",
            True,
        ),
        ("raise ValueError('\\udcff' + 'x' * 10_000)", "ValueError", "\\udcff", True),
        ("def step(x): ...", "TypeError", "missing 1 required", True),
        ("return object()", "pipelines.value_not_possible", "output `result`: $: builtins.object", False),
        ("return {'a': {1, 2}}", "pipelines.value_not_possible", "$.a: builtins.set", False),
    ],
)
def test_whatever_a_step_raises_is_an_answer(
    bench: StepBench, body: str, kind: str, message: str, retryable: bool
) -> None:
    text = body if body.startswith("def") else f"def step():\n    {body}"
    error = failing(bench, text)
    assert error.type == kind
    assert message in error.message
    assert error.retryable is retryable
    assert len(error.message) < 5000


@pytest.mark.parametrize(
    ("body", "step", "kind", "message"),
    [
        ("import no_such_module", "work:step", "ModuleNotFoundError", "no_such_module"),
        ("def (", "work:step", "SyntaxError", "invalid syntax"),
        ("", "work:step", "pipelines.code_not_found", "has no function `step`"),
        ("step = 3", "work:step", "pipelines.code_not_found", "has no function `step`"),
        ("", "elsewhere:step", "ModuleNotFoundError", "elsewhere"),
        ("", "json:loads", "pipelines.code_not_found", "installed module"),
    ],
)
def test_code_that_cannot_be_loaded_is_an_answer_that_no_retry_changes(
    bench: StepBench, body: str, step: str, kind: str, message: str
) -> None:
    error = failing(bench, body, step)
    assert error.type == kind
    assert message in error.message
    assert not error.retryable


def test_an_output_of_another_type_than_declared_is_refused(bench: StepBench) -> None:
    bench.write("def step():\n    return 'three'")
    error = bench.run(bench.attempt(out=INT)).items[0].error
    assert error is not None
    assert "output `result`: $: expected int, found str" in error.message


def test_an_input_whose_content_is_damaged_never_reaches_the_step(bench: StepBench) -> None:
    bench.write("def step(x):\n    print('ran')")
    attempt = bench.attempt(out=None, types={"x": ARRAY}, x=np.arange(100))
    [place] = attempt.files.values()
    Path(place).write_bytes(b"x" * Path(place).stat().st_size)
    error = bench.run(attempt).items[0].error
    assert error is not None
    assert error.type == "pipelines.value_damaged"
    assert bench.printed(attempt) == []


RANDOM = """
    import random
    import numpy as np

    def step(x=None):
        return [random.random(), float(np.random.random()), list({"a", "b", "c", "é"})]
"""


@pytest.mark.capability("O5")
def test_random_numbers_and_the_order_of_sets_are_the_same_in_every_run(make_bench: Any) -> None:
    found = []
    for _ in range(2):
        bench = make_bench()
        bench.write(RANDOM)
        found.append(bench.value(bench.run(bench.attempt())))
    assert found[0] == found[1]


@pytest.mark.capability("O5")
def test_an_item_has_the_same_random_numbers_alone_and_in_a_chunk(bench: StepBench) -> None:
    bench.write(RANDOM)
    chunk = bench.attempt(over=[0, 1, 2])
    together = [bench.value(item) for item in bench.run(chunk).items]
    alone = msgspec.structs.replace(chunk, items=chunk.items[1:2])
    assert bench.value(bench.run(alone)) == together[1]
    assert together[0] != together[1]


def test_a_step_may_use_the_cores_it_declares(make_bench: Any) -> None:
    bench = make_bench(preload=("numpy", "threadpoolctl"))
    bench.write("""
        import os
        import numpy
        from threadpoolctl import threadpool_info

        def step():
            numpy.ones((2, 2)) @ numpy.ones((2, 2))
            return [os.environ["OMP_NUM_THREADS"], max(pool["num_threads"] for pool in threadpool_info())]
    """)
    assert bench.value(bench.run(bench.attempt())) == ["1", 1]
    two = bench.attempt(more={"resources": Resources(cpus=2.0)})
    assert bench.value(bench.run(two))[0] == "2"


def test_inputs_larger_than_a_pipe_arrive(bench: StepBench) -> None:
    bench.write("def step(x):\n    return len(x)")
    attempt = bench.attempt(over=["x" * 4000] * 1000)
    assert all(bench.value(item) == 4000 for item in bench.run(attempt).items)


def test_running_steps_leaves_no_file_open_and_no_folder_behind(bench: StepBench) -> None:
    bench.write("def step():\n    return 1")
    bench.run(bench.attempt())
    before = open_files()
    for _ in range(5):
        bench.run(bench.attempt())
    assert open_files() == before
    assert [path.name for path in (bench.folder / "work").iterdir()] == ["zygote.log"]


def test_many_attempts_run_side_by_side(bench: StepBench) -> None:
    bench.write("""
        import time

        def step(x):
            print(x)
            time.sleep(0.2)
            return x
    """)
    running = [bench.start(bench.attempt(x=number)) for number in range(8)]
    outcomes = [one.outcome() for one in running]
    assert [bench.value(outcome) for outcome in outcomes] == list(range(8))
    assert [bench.printed(one.attempt) for one in running] == [[str(number)] for number in range(8)]


def test_output_folders_hold_nothing_but_outputs(bench: StepBench) -> None:
    bench.write("""
        import numpy as np

        def step():
            return np.arange(1000)
    """)
    outcome = bench.run(bench.attempt(out=ARRAY))
    stored = outcome.items[0].outputs["result"]
    [place] = (bench.folder / "out").iterdir()
    assert place.name == stored.digest.removeprefix("sha256:")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert place.stat().st_uid == os.getuid()


def test_the_same_project_may_change_between_attempts(bench: StepBench) -> None:
    for number in range(2):
        bench.write(f"def step():\n    return {number}")
        assert bench.value(bench.run(bench.attempt())) == number
