"""Run the quick part of the suite on each newer interpreter this machine has, and name those it has not.

The whole suite runs on Python 3.11. Newer interpreters run the tests that need no other process; a missing
interpreter is named and is never a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.12", "3.13")
QUICK = ("tests/unit", "tests/property", "tests/contract")
# Where version switchers keep interpreters that are not on PATH.
STORES = (".pyenv/versions/{version}.*/bin", ".local/share/uv/python/cpython-{version}.*/bin")


def main() -> int:
    return max(_run(version) for version in VERSIONS)


def _run(version: str) -> int:
    python = next(_interpreters(version), None)
    if python is None:
        print(f"==> Python {version}: not run because this machine has none", flush=True)
        return 0
    folder = f".venvs/test-{version}"
    build = [str(ROOT / "tools/environment.sh"), folder, "requirements/test.txt", version]
    done = subprocess.run(build, env={**os.environ, "PYTHON": str(python)}, check=False)
    if done.returncode != 0:
        return done.returncode
    print(f"==> Python {version}: {', '.join(_quick_folders())}", flush=True)
    tests = [f"{folder}/bin/python", "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"]
    return subprocess.run(
        [*tests, "-m", "not system and not browser", *_quick_folders()], cwd=ROOT, check=False
    ).returncode


def _quick_folders() -> list[str]:
    return [folder for folder in QUICK if (ROOT / folder).is_dir()]


def _interpreters(version: str) -> Iterator[Path]:
    on_path = shutil.which(f"python{version}")
    candidates = [Path(on_path)] if on_path else []
    for store in STORES:
        candidates += sorted(
            Path.home().glob(f"{store.format(version=version)}/python{version}"), reverse=True
        )
    return (python for python in candidates if _is(python, version))


def _is(python: Path, version: str) -> bool:
    """Ask the interpreter itself: a version switcher's wrapper exists also where the version does not."""
    question = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([str(python), "-c", question], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == version


if __name__ == "__main__":
    sys.exit(main())
