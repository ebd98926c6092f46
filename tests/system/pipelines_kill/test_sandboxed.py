"""A part of the kill table with steps in their sandbox, as people have them."""

from __future__ import annotations

import random
from typing import Any

import pytest

from support.kill_host import KillHost, Siege
from tenuto.testing.crashes import Kill

pytestmark = [pytest.mark.system, pytest.mark.capability("O2")]
POINTS = ("claimed", "starting", "started", "expanded", "settling", "settled", "finishing")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("victim", ["worker", "child", "zygote"])
def test_confined_steps_are_killed_with_what_runs_them(
    confined: KillHost, undisturbed_there: dict[str, Any], victim: str
) -> None:
    last = [] if victim == "worker" else [Kill("settled", "worker", nth=6)]
    orders = [[Kill(point, victim), *last] for point in POINTS]
    siege = Siege(confined, orders)
    siege.hold(120, random.Random(7))
    siege.lift()
    assert siege.deaths >= len(orders)
    assert confined.open_runs() == 0
    for watched in siege.watched:
        confined.require_whole(watched, undisturbed_there)
