from __future__ import annotations

import msgspec
import pytest

from support.pipeline_graphs import graph, node
from support.platform import ANN, BEN
from support.world import World
from tenuto.core.words import Actor, ActorKind
from tenuto.pipelines import use_cases as pipelines

pytestmark = pytest.mark.capability("M10")
CODE = f"sha256:{'c' * 64}"


def started_by(world: World, actor: Actor) -> list[str]:
    """Return the authors of a run of Ann's code."""
    pipelines.submit_code(world.desk, world.inside("lab", ANN), digest=CODE, size=7, name="project")
    new = pipelines.NewRun(graph=msgspec.json.encode(graph(node("a", 1))), code=CODE)
    return pipelines.submit(world.desk, world.inside("lab", actor), new=new).authors


def test_who_wrote_the_code_is_an_author_of_what_another_runs(world: World) -> None:
    assert started_by(world, BEN) == sorted([ANN.id, BEN.id])


def test_a_program_makes_the_person_who_answers_for_it_an_author(world: World) -> None:
    robot = Actor(ActorKind.SERVICE_ACCOUNT, "robot", "Robot", owner=BEN.id)
    assert started_by(world, robot) == sorted([ANN.id, BEN.id])
