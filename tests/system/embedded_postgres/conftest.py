"""Homes to break. Which trap was tried, and which not, the run closes with: tests/support/embedded_traps.py."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from system.embedded_postgres.recipes import data_of, embedded, fast_folder, nothing_left, remove


@pytest.fixture(scope="session")
def made_home() -> Iterator[Path]:
    """A home whose server was started and stopped once: tests work on copies of it."""
    folder = fast_folder()
    try:
        embedded(folder / "home").start().stop()
        yield folder / "home"
    finally:
        remove(folder)


@pytest.fixture
def short() -> Iterator[Path]:
    """An empty private folder with a short path, as a socket likes it."""
    folder = fast_folder()
    try:
        yield folder
    finally:
        remove(folder)


@pytest.fixture
def home(short: Path, made_home: Path) -> Iterator[Path]:
    shutil.copytree(made_home, short / "home")
    with nothing_left(lambda: data_of(short / "home")):
        yield short / "home"


@pytest.fixture
def new_home(short: Path) -> Iterator[Path]:
    with nothing_left(lambda: data_of(short / "home")):
        yield short / "home"


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
