"""The pipeline that is killed: plain steps, a map, a condition, a step that fails at first, an inline one.

Each call leaves a mark, so that executions are counted by the steps themselves and not by the journal alone. A
step in its sandbox can write nothing that outlives it: then ``marks`` is the address of who keeps them.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from tenuto.client import pipeline, step, when


def mark(marks: str, name: str, seconds: float = 0.02) -> int:
    """Leave a mark, take some time, and return how many marks of that name there are."""
    count = told(marks, name) if marks.startswith("tcp:") else written(Path(marks) / name)
    time.sleep(seconds)
    return count


def written(place: Path) -> int:
    with place.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len(place.read_text().splitlines())


def told(address: str, name: str) -> int:
    _, port, folder = address.split(":")
    with socket.create_connection(("127.0.0.1", int(port)), timeout=30) as keeper:
        keeper.sendall(f"{folder} {name} {os.getpid()}\n".encode())
        return int(keeper.makefile().readline())


@step
def numbers(marks: str, count: int) -> list[int]:
    mark(marks, "numbers")
    return list(range(count))


@step(cache=False)  # so that only the journal can know that it has run
def square(number: int, marks: str) -> int:
    mark(marks, f"square-{number}")
    return number * number


@step(cache=False)
def total(squares: list[int], marks: str) -> int:
    mark(marks, "total")
    return sum(squares)


@step(retries=3, retry_delay=0.05)
def flaky(value: int, marks: str) -> int:
    if mark(marks, "flaky") == 1:
        raise RuntimeError("at first it fails")
    return value + 1


@step(inline=True)
def label(value: int, marks: str) -> str:
    mark(marks, "label")
    return f"value {value}"


@step
def large(text: str, marks: str) -> str:
    mark(marks, "large")
    return text * 2000


@step
def small(text: str, marks: str) -> str:
    mark(marks, "small")
    return text


@step
def last(text: str | None, other: str | None, marks: str) -> str:
    mark(marks, "last")
    return f"{len(text or '')} {other}"


@pipeline
def killed(marks: str, count: int = 6) -> str:
    value = flaky(total(square.map(numbers(marks, count), marks=marks), marks), marks)
    text = label(value, marks)
    with when(value, at_least=10):
        bulky = large(text, marks)
    with when(value, less_than=10):
        slight = small(text, marks)
    return last(bulky, slight, marks)
