"""What an installation weighs: the sizes that the RECORD files of a fresh environment name, summed up."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name("uv")
# What is installed -> its lock file, and the megabytes wanted.
INSTALLS = {"core": ("base", "under 350"), "with `[ml]`": ("ml", "under 950")}
LARGEST = 3


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        wheel = _wheel(Path(folder) / "wheel")
        for what, (lock, wanted) in INSTALLS.items():
            home = Path(folder) / lock
            took = _install(home, ROOT / f"requirements/{lock}.txt", wheel)
            sizes = _sizes(home)
            heaviest = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in sizes.most_common(LARGEST))
            weight = f"{sum(sizes.values()) / 1e6:.0f}"
            rows.append([f"{what} (largest: {heaviest})", str(len(sizes)), weight, wanted, f"{took:.0f}"])
    print(
        json.dumps(
            {
                "title": "What an installation weighs",
                "conditions": "Fresh environments with exactly what the lock files pin, sizes as the RECORD files "
                "name them, without compiled bytecode; packages come from the local cache where it has them",
                "columns": ["what", "distributions", "MB", "wanted", "s to install"],
                "rows": rows,
            }
        )
    )


def _wheel(folder: Path) -> Path:
    """Build our own wheel with the backend that is here."""
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)])
    [wheel] = folder.glob("*.whl")
    return wheel


def _environment(home: Path) -> None:
    _run([sys.executable, "-m", "venv", "--without-pip", str(home)])


def _install(home: Path, lock: Path, wheel: Path) -> float:
    _environment(home)
    started = time.monotonic()
    pip, python = [str(UV), "pip"], str(home / "bin/python")
    _run([*pip, "sync", "--quiet", "--python", python, "--require-hashes", str(lock)])
    _run([*pip, "install", "--quiet", "--python", python, "--no-deps", str(wheel)])
    return time.monotonic() - started


def _sizes(home: Path) -> Counter[str]:
    """Return the bytes of each distribution."""
    sizes: Counter[str] = Counter()
    for record in home.glob("lib/python*/site-packages/*.dist-info/RECORD"):
        name = record.parent.name.partition("-")[0].replace("_", "-")
        with record.open(newline="", encoding="utf-8") as lines:
            sizes[name] = sum(int(size) for _, _, size in csv.reader(lines) if size)
    return sizes


def _run(command: list[str]) -> None:
    subprocess.run(command, cwd=ROOT, env=_surroundings(), check=True, stdout=subprocess.DEVNULL)


def _surroundings() -> dict[str, str]:
    """Return the environment for uv, which does not read what pip is told of another index."""
    if os.environ.keys() & {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}:
        return dict(os.environ)
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    index = os.environ.get("PIP_INDEX_URL", found)
    return dict(os.environ) | ({"UV_DEFAULT_INDEX": index} if index else {})


if __name__ == "__main__":
    main()
