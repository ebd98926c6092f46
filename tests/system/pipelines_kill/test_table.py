"""kill -9 at every transition of the journal, and at random: what had succeeded is never done again."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from support.crashing_worker import Order
from support.kill_host import KillHost, Siege
from tenuto.pipelines.worker.tools import POINTS
from tenuto.testing.crashes import Kill

pytestmark = [pytest.mark.system, pytest.mark.capability("O2")]
# A soak takes more of them, and other ones.
KILLS = int(os.environ.get("TENUTO_TEST_KILLS", "50"))
SEED = int(os.environ.get("TENUTO_TEST_SEED", "50"))
STOPPING = ("leaving", "left", "letting_go", "let_go")
WORKING = tuple(point for point in POINTS if point not in STOPPING)


def require_all(host: KillHost, siege: Siege, undisturbed: dict[str, Any]) -> None:
    assert host.open_runs() == 0
    for watched in siege.watched:
        host.require_whole(watched, undisturbed)


@pytest.mark.timeout(180)
def test_the_worker_is_killed_at_every_point(host: KillHost, undisturbed: dict[str, Any]) -> None:
    orders = [[Kill(point, "worker")] for point in WORKING]
    orders += [[Kill("started", "worker"), Kill("recovering", "worker")]]
    siege = Siege(host, orders)
    siege.hold(120)
    siege.lift()
    assert siege.deaths >= len(orders)
    assert {(point, "worker") for point in WORKING} <= siege.cells.keys()
    require_all(host, siege, undisturbed)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("victim", ["child", "zygote"])
def test_what_runs_the_steps_is_killed_at_every_point(
    host: KillHost, undisturbed: dict[str, Any], victim: str
) -> None:
    """A child of one run lives at the transitions of another; the zygote lives from the first step on.

    The worker goes on, and is killed itself only when all the others have been.
    """
    last = [Kill("settled", "worker", nth=2)]
    recovery = ("recovering", "recovered")
    others = [point for point in WORKING if point not in recovery]
    parts = (others[::2], others[1::2], recovery)
    orders = [Order([Kill(point, victim) for point in part], last) for part in parts]
    siege = Siege(host, orders, at_once=2, runs=3)
    siege.hold(120)
    siege.lift()
    assert siege.deaths >= len(orders)
    assert {(point, victim) for point in WORKING} <= siege.cells.keys()
    assert siege.losses() > 0, "no step was hit"
    require_all(host, siege, undisturbed)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("point", STOPPING)
def test_the_zygote_is_killed_while_its_worker_stops(
    host: KillHost, undisturbed: dict[str, Any], point: str
) -> None:
    siege = stopped_at(host, Kill(point, "zygote"))
    assert siege.cells.keys() == {(point, "zygote")}
    require_all(host, siege, undisturbed)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("point", STOPPING)
def test_no_child_lives_where_its_run_is_given_back(
    host: KillHost, undisturbed: dict[str, Any], point: str
) -> None:
    """The cells that cannot be: a run is given back only when all that ran for it has ended."""
    siege = stopped_at(host, Kill(point, "child"))
    assert siege.nobody.keys() == {(point, "child")}
    assert not siege.cells
    require_all(host, siege, undisturbed)


def stopped_at(host: KillHost, kill: Kill) -> Siege:
    """Stop a worker amid a step, until one was that passed the point of ``kill``."""
    siege = Siege(host, [])
    for _ in range(20):
        if siege.cells or siege.nobody:
            break
        siege.stop_amid(kill)
    siege.lift()
    return siege


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
    assert {(point, "worker") for point in points} <= siege.cells.keys()
    require_all(host, siege, undisturbed)


@pytest.mark.timeout(180)
def test_the_worker_is_killed_while_it_is_told_to_stop(host: KillHost, undisturbed: dict[str, Any]) -> None:
    orders = [[Kill(point, "worker"), Kill("any", "stopped")] for point in STOPPING]
    siege = Siege(host, orders)
    siege.hold(120, random.Random(1))
    siege.lift()
    assert siege.deaths >= len(orders)
    assert {(point, "worker") for point in STOPPING} <= siege.cells.keys()
    require_all(host, siege, undisturbed)


@pytest.mark.timeout(10 * KILLS)
def test_workers_are_killed_at_random(host: KillHost, undisturbed: dict[str, Any]) -> None:
    chance = random.Random(SEED)
    siege = Siege(host, [random_order(chance) for _ in range(KILLS)])
    siege.hold(5.0 * KILLS, chance)
    siege.lift()
    assert siege.deaths >= KILLS
    fired = {victim: struck(siege, victim) for victim in ("worker", "child", "zygote")}
    assert fired["worker"] >= KILLS
    assert fired["child"] + fired["zygote"] >= KILLS // 10, fired
    require_all(host, siege, undisturbed)


def struck(siege: Siege, victim: str) -> int:
    return sum(count for (_, one), count in siege.cells.items() if one == victim)


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
