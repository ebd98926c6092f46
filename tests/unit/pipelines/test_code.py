from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tenuto.core.errors import TenutoError
from tenuto.pipelines.code.digest import ProjectCode
from tenuto.pipelines.code.environment import EnvironmentLock, InstalledEnvironment
from tenuto.pipelines.code.folder import ProjectCache, pack_project, project_entries
from tenuto.pipelines.errors import ARCHIVE_NOT_POSSIBLE, CODE_NOT_FOUND

FILES = {
    "flow.py": "from steps.train import fit\nimport json",
    "steps/__init__.py": "",
    "steps/train.py": "from . import base\nfrom .tools import scale\nimport numpy",
    "steps/base.py": "",
    "steps/tools/__init__.py": "from ..base import *",
    "steps/tools/scale.py": "",
    "steps/unrelated.py": "",
    "src/shop/__init__.py": "",
    "src/shop/model.py": "def build():\n    from shop.late import now\n",
    "src/shop/late.py": "import importlib\nimportlib.import_module('.later', package='shop')",
    "src/shop/later.py": "__import__('stars')",
    "src/stars/__init__.py": "",
    "src/stars/one.py": "",
    "src/many/__init__.py": "from .parts import *",
    "src/many/parts/__init__.py": "",
    "src/many/parts/one.py": "",
    "src/many/parts/two/__init__.py": "",
    "dynamic.py": "import importlib\nimportlib.import_module(input())",
    "broken.py": "def (",
    "typed.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import flow",
    "data/rows.csv": "1",
    "data/more/rows.csv": "2",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("step", "reached"),
    [
        (
            "flow:f",
            {"flow.py"}
            | {f"steps/{name}.py" for name in ("__init__", "train", "base", "tools/__init__", "tools/scale")},
        ),
        (
            "steps.tools.scale:f",
            {f"steps/{n}.py" for n in ("__init__", "tools/__init__", "tools/scale", "base")},
        ),
        (
            "shop.model:f",
            {f"src/shop/{name}.py" for name in ("__init__", "model", "late", "later")}
            | {"src/stars/__init__.py"},
        ),
        ("src.shop.later:f", {"src/shop/__init__.py", "src/shop/later.py", "src/stars/__init__.py"}),
        (
            "many:f",
            {
                f"src/many/{name}.py"
                for name in ("__init__", "parts/__init__", "parts/one", "parts/two/__init__")
            },
        ),
        ("broken:f", {"broken.py"}),
        ("dynamic:f", {name for name in FILES if name.endswith(".py")}),
        (
            "typed:f",
            {"typed.py", "flow.py"}
            | {f"steps/{n}.py" for n in ("__init__", "train", "base", "tools/__init__", "tools/scale")},
        ),
    ],
)
@pytest.mark.capability("O5")
def test_the_code_of_a_step_is_what_it_reaches_by_import(project: Path, step: str, reached: set[str]) -> None:
    assert set(ProjectCode(project).files_of(step)) == reached


@pytest.mark.capability("O1")
def test_one_changed_line_changes_the_steps_that_reach_it_and_no_other(project: Path) -> None:
    before = {
        step: ProjectCode(project).digest_of(step) for step in ("flow:f", "steps.unrelated:f", "shop.model:f")
    }
    (project / "steps/base.py").write_text("x = 1\n")
    after = {step: ProjectCode(project).digest_of(step) for step in before}
    assert [before[step] == after[step] for step in before] == [False, True, True]


def test_data_files_count_when_they_are_declared(project: Path) -> None:
    code = ProjectCode(project)
    assert "data/rows.csv" not in code.files_of("steps.base:f")
    found = code.files_of("steps.base:f", ["data/*.csv"])
    assert {"data/rows.csv", "data/more/rows.csv"} <= set(found)
    with pytest.raises(TenutoError, match="missing"):
        code.files_of("steps.base:f", ["missing/*"])


def test_a_module_that_is_not_there_is_told(project: Path) -> None:
    with pytest.raises(TenutoError, match="`nowhere`") as raised:
        ProjectCode(project).digest_of("nowhere:f")
    assert raised.value.fault is CODE_NOT_FOUND


def test_compiled_modules_count(project: Path) -> None:
    (project / "fast.cpython-311-x86_64-linux-gnu.so").write_bytes(b"\x7fELF")
    (project / "uses.py").write_text("import fast")
    assert "fast.cpython-311-x86_64-linux-gnu.so" in ProjectCode(project).files_of("uses:f")


def test_caches_environments_and_secrets_are_left_out(project: Path) -> None:
    for name in (
        ".git/config",
        ".venv/x.py",
        "a/__pycache__/b.pyc",
        ".env",
        "server.key",
        "id_rsa",
        ".env.local",
    ):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("secret")
    packed = {entry.name for entry in project_entries(project) if not entry.is_folder}
    assert packed == set(FILES)


def test_a_project_goes_to_a_worker_and_stays_the_same(project: Path, tmp_path: Path) -> None:
    packed = pack_project(project, tmp_path / "a.tar")
    assert packed.files == len(FILES)
    cache = ProjectCache(tmp_path / "cache")
    folder = cache.unpacked(packed.digest, tmp_path / "a.tar")
    assert pack_project(folder, tmp_path / "b.tar").digest == packed.digest
    assert ProjectCode(folder).digest_of("flow:f") == ProjectCode(project).digest_of("flow:f")
    assert cache.unpacked(packed.digest, tmp_path / "not there") == folder
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]


def test_another_archive_than_named_is_not_unpacked(project: Path, tmp_path: Path) -> None:
    packed = pack_project(project, tmp_path / "a.tar")
    (tmp_path / "a.tar").write_bytes(b"x")
    with pytest.raises(TenutoError) as raised:
        ProjectCache(tmp_path / "cache").unpacked(packed.digest, tmp_path / "a.tar")
    assert raised.value.fault is ARCHIVE_NOT_POSSIBLE


def install(folder: Path, name: str, version: str) -> None:
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Two changes of a folder within one tick of its clock cannot be told apart: move the clock on."""
    import os

    def move(folder: Path) -> None:
        status = folder.stat()
        os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))

    return move


@pytest.mark.capability("O5")
def test_the_environment_is_what_is_installed(tmp_path: Path, later: Callable[[Path], None]) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    install(first, "Some_Thing", "1.0")
    install(second, "some.thing", "0.9")
    install(second, "other", "2.0")
    environment = InstalledEnvironment([str(first), str(second), str(tmp_path / "missing")])
    lock = environment.lock()
    assert lock.distributions == ("other==2.0", "some-thing==1.0")
    assert lock.python.startswith("CPython 3.")
    assert environment.digest() == lock.digest
    install(first, "new", "3")
    later(first)
    assert "new==3" in environment.lock().distributions
    assert environment.digest() != lock.digest


def test_what_an_interrupted_installation_left_behind_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "half-1.0.dist-info").mkdir()
    assert InstalledEnvironment([str(tmp_path)]).lock().distributions == ()


def test_the_digest_depends_on_every_version_and_the_interpreter() -> None:
    locks = [
        EnvironmentLock("CPython 3.11.7", ("a==1",)),
        EnvironmentLock("CPython 3.11.8", ("a==1",)),
        EnvironmentLock("CPython 3.11.7", ("a==2",)),
    ]
    assert len({lock.digest for lock in locks}) == 3
