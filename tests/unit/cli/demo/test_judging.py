"""What each step of the demo accepts as proof: the truth, and nothing with one falsehood in it.

For each step there is honest evidence, and beside it a list of single falsehoods. The step has to accept the one
and refuse each of the others. A field of the evidence in which nothing is ever falsified fails a test too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tenuto.cli.demo.script import STEPS
from tenuto.cli.demo.words import DemoFailedError
from unit.cli.demo.evidence import HONEST
from unit.cli.demo.falsehoods import FALSEHOODS

CASES = [
    pytest.param(key, falsify, id=f"{key}-{name}")
    for key, falsehoods in FALSEHOODS.items()
    for name, falsify in falsehoods.items()
]


def test_every_step_has_evidence_and_falsehoods() -> None:
    assert list(HONEST) == list(STEPS) == list(FALSEHOODS)


@pytest.mark.parametrize("key", STEPS)
def test_honest_evidence_is_accepted(key: str) -> None:
    work, seen = HONEST[key]
    proof = STEPS[key].judge(work, seen)
    assert proof.evidence
    assert msgspec.json.encode(proof.facts)


@pytest.mark.parametrize(("key", "falsify"), CASES)
def test_a_single_falsehood_is_refused(key: str, falsify: Callable[[Any, Any], tuple[Any, Any]]) -> None:
    with pytest.raises(DemoFailedError):
        STEPS[key].judge(*falsify(*HONEST[key]))


@pytest.mark.parametrize("key", STEPS)
def test_no_part_of_the_evidence_is_beyond_falsehood(key: str) -> None:
    honest = HONEST[key]
    untouched = {
        (place, name) for place, part in enumerate(honest) for name in part.__struct_fields__
    } - SHOWN_ONLY.get(key, set())
    for falsify in FALSEHOODS[key].values():
        for place, (before, after) in enumerate(zip(honest, falsify(*honest), strict=True)):
            for name in before.__struct_fields__:
                if getattr(before, name) != getattr(after, name):
                    untouched.discard((place, name))
    assert not untouched


# What a step passes on to the report or uses to look things up, and does not judge by: (work 0 or seen 1, field).
SHOWN_ONLY: dict[str, set[tuple[int, str]]] = {
    "deployment": {(0, "digest")},
    "calls": {(0, "heard_before"), (0, "prompt")},
    "failover": {(0, "heard_before")},
    "budget": {(0, "heard_before")},
    "audit": {(0, "note"), (0, "bundle")},
    "tampering": {(0, "copies")},
}
