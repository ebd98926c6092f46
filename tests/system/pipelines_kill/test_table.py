"""kill -9 at every transition of the journal, and at random: what had succeeded is never done again."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from support.kill_host import KillHost, Siege
from tenuto.pipelines.worker.tools import POINTS
from tenuto.testing.crashes import Kill

pytestmark = [pytest.mark.system, pytest.mark.capability("O2")]
# A soak takes more of them, and other ones.
KILLS = int(os.environ.get("TENUTO_TEST_KILLS", "50"))
SEED = int(os.environ.get("TENUTO_TEST_SEED", "50"))
STOPPING = ("leaving", "left", "letting_go", "let_go")


def require_all(host: KillHost, siege: Siege, undisturbed: dict[str, Any]) -> None:
    assert host.open_runs() == 0
    for watched in siege.watched:
        host.require_whole(watched, undisturbed)


@pytest.mark.timeout(180)
def test_the_worker_is_killed_at_every_point(host: KillHost, undisturbed: dict[str, Any]) -> None:
    orders = [[Kill(point, "worker")] for point in POINTS if point not in STOPPING]
    orders += [[Kill("started", "worker"), Kill("recovering", "worker")]]
    siege = Siege(host, orders)
    siege.hold(120)
    siege.lift()
    assert siege.deaths >= len(orders)
    require_all(host, siege, undisturbed)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("victim", ["child", "zygote"])
def test_what_runs_the_steps_is_killed_at_every_point(
    host: KillHost, undisturbed: dict[str, Any], victim: str
) -> None:
    """The worker goes on, and is killed itself only when all the others have been."""
    working = [point for point in POINTS if point not in STOPPING]
    orders = [[Kill(point, victim), Kill("settled", "worker", nth=6)] for point in working]
    siege = Siege(host, orders)
    siege.hold(120)
    siege.lift()
    assert siege.deaths >= len(orders)
    assert siege.losses() > 0, "no step was hit"
    require_all(host, siege, undisturbed)


@pytest.mark.timeout(180)
def test_workers_with_several_runs_are_killed(host: KillHost, undisturbed: dict[str, Any]) -> None:
    """Two workers with three runs each: every death leaves three runs amid whatever they were doing."""
    points = ("claiming", "recovered", "starting", "started", "expanding", "settling", "settled", "finished")
    orders = [
        [Kill(point, "worker", nth)] for nth in (1, 4) for point in points if nth == 1 or point[0] == "s"
    ]
    siege = Siege(host, orders, at_once=2, runs=3)
    siege.hold(120)
    siege.lift()
    assert siege.deaths >= len(orders)
    require_all(host, siege, undisturbed)


@pytest.mark.timeout(180)
def test_the_worker_is_killed_while_it_is_told_to_stop(host: KillHost, undisturbed: dict[str, Any]) -> None:
    orders = [[Kill(point, "worker"), Kill("any", "stopped")] for point in STOPPING]
    siege = Siege(host, orders)
    siege.hold(120, random.Random(1))
    siege.lift()
    assert siege.deaths >= len(orders)
    require_all(host, siege, undisturbed)


@pytest.mark.timeout(10 * KILLS)
def test_workers_are_killed_at_random(host: KillHost, undisturbed: dict[str, Any]) -> None:
    chance = random.Random(SEED)
    siege = Siege(host, [random_order(chance) for _ in range(KILLS)])
    siege.hold(5.0 * KILLS, chance)
    siege.lift()
    assert siege.deaths >= KILLS
    require_all(host, siege, undisturbed)


def random_order(chance: random.Random) -> list[Kill]:
    """Up to two kills of what runs the steps, then one of the worker: at a point, or at any time."""
    working = [point for point in POINTS if point not in {*STOPPING, "recovering", "recovered"}]
    before = [
        Kill(chance.choice(working), chance.choice(["child", "zygote"]), chance.randint(1, 3))
        for _ in range(chance.randint(0, 2))
    ]
    if chance.random() < 0.4:
        return [*before, Kill("any", "worker")]
    return [*before, Kill(chance.choice(working), "worker", chance.randint(1, 3))]
