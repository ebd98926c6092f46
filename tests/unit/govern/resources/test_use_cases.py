"""Plan, apply, history, rollback: one mechanism, all or nothing, and no lost change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from support.platform import BEN, Allowing
from support.world import World
from tenuto.core.errors import TenutoError
from tenuto.core.money import Money
from tenuto.core.words import Ref, Verdict
from tenuto.govern.audit.use_cases import Filter, entries
from tenuto.govern.resources.use_cases import apply, delete, get, history, listing, plan, rollback
from tenuto.govern.resources.words import Change, Difference, Document, Stored, Verb
from tenuto.govern.workspaces import queries as places
from tenuto.spend import queries as spend
from tenuto.spend.tables import price
from tenuto.store.database import Transaction
from tenuto.store.outbox import outbox_event

PRICE = {"provider": "sim", "model": "*", "input": "1", "output": "2"}


def budget(amount: str = "1", workspace: str = "lab", **more: Any) -> Document:
    document = Document("Budget", "small", {"amount": amount}, workspace)
    return msgspec.structs.replace(document, **more)


def ask_plan(world: World, *documents: Document) -> list[Change]:
    return plan(world.desk, world.home, kinds=world.kinds, documents=documents)


def ask(world: World, *documents: Document) -> list[Change]:
    return apply(world.desk, world.home, kinds=world.kinds, documents=documents)


def refusal_of(call: Callable[[], object]) -> TenutoError:
    with pytest.raises(TenutoError) as caught:
        call()
    return caught.value


def stands(world: World, workspace: str = "lab") -> Stored:
    return get(world.desk, world.inside(workspace), kinds=world.kinds, kind="Budget", name="small")


def amounts(world: World, workspace: str = "lab") -> list[Money]:
    with world.desk.database.begin(world.inside(workspace)) as tx:
        return [one.amount for one in spend.budgets(tx)]


@pytest.mark.capability("C15")
def test_a_plan_says_what_apply_then_does(world: World) -> None:
    assert ask_plan(world, budget()) == [Change(Verb.CREATE, "Budget", "small", "lab", 0)]
    assert amounts(world) == []
    assert ask(world, budget()) == [Change(Verb.CREATE, "Budget", "small", "lab", 0)]
    changed = [
        Change(Verb.UPDATE, "Budget", "small", "lab", 1, [Difference("amount", "1", "2")]),
    ]
    assert ask_plan(world, budget("2")) == changed
    assert ask(world, budget("2")) == changed
    assert amounts(world) == [Money.of(2)]
    assert stands(world).version == 2


@pytest.mark.capability("C15")
def test_applying_the_same_again_changes_and_records_nothing(world: World) -> None:
    ask(world, budget())
    before = len(entries(world.desk, world.inside("lab"), wanted=Filter()))
    assert [one.verb for one in ask(world, budget())] == [Verb.KEEP]
    found = entries(world.desk, world.inside("lab"), wanted=Filter())
    assert len(found) == before + 1, "only the reading before is new"
    assert stands(world).version == 1


@pytest.mark.capability("C15")
def test_history_keeps_every_version_and_rollback_declares_an_old_one_again(world: World) -> None:
    for amount in ("1", "2", "3"):
        ask(world, budget(amount))
    scope = world.inside("lab")
    back = rollback(world.desk, scope, kinds=world.kinds, kind="Budget", name="small")
    assert (back.verb, back.workspace, back.differences) == (
        Verb.UPDATE,
        "lab",
        [Difference("amount", "3", "2")],
    )
    rollback(world.desk, scope, kinds=world.kinds, kind="Budget", name="small", version=1)
    kept = history(world.desk, scope, kinds=world.kinds, kind="Budget", name="small")
    assert [(one.version, one.spec["amount"]) for one in kept if one.spec] == [
        (5, "1"),
        (4, "2"),
        (3, "3"),
        (2, "2"),
        (1, "1"),
    ]
    assert amounts(world) == [Money.of(1)]
    for version in (0, 6, -1):
        error = refusal_of(
            lambda version=version: rollback(
                world.desk, scope, kinds=world.kinds, kind="Budget", name="small", version=version
            )
        )
        assert error.fault.code == "govern.revision_unknown"


@pytest.mark.capability("C15")
def test_what_is_deleted_keeps_its_history_and_may_be_declared_anew(world: World) -> None:
    ask(world, budget("1"))
    scope = world.inside("lab")
    gone = delete(world.desk, scope, kinds=world.kinds, kind="Budget", name="small")
    assert gone == Change(Verb.DELETE, "Budget", "small", "lab", 1)
    assert amounts(world) == []
    for call in (
        lambda: stands(world),
        lambda: delete(world.desk, scope, kinds=world.kinds, kind="Budget", name="small"),
        lambda: rollback(world.desk, scope, kinds=world.kinds, kind="Budget", name="other"),
        lambda: history(world.desk, scope, kinds=world.kinds, kind="Budget", name="other"),
    ):
        assert refusal_of(call).fault.code == "govern.resource_unknown"
    ask(world, budget("9"))
    kept = history(world.desk, scope, kinds=world.kinds, kind="Budget", name="small")
    assert [(one.version, one.spec and one.spec["amount"]) for one in kept] == [
        (3, "9"),
        (2, None),
        (1, "1"),
    ]
    back = rollback(world.desk, scope, kinds=world.kinds, kind="Budget", name="small")
    assert back.differences == [Difference("amount", "9", "1")], "the deletion in between declared nothing"


@pytest.mark.capability("C15")
@pytest.mark.parametrize(("to", "amount"), [(None, "2"), (1, "1"), (2, "2")])
def test_what_was_deleted_is_taken_back(world: World, to: int | None, amount: str) -> None:
    for each in ("1", "2"):
        ask(world, budget(each))
    scope, named = world.inside("lab"), {"kinds": world.kinds, "kind": "Budget", "name": "small"}
    delete(world.desk, scope, **named)
    back = rollback(world.desk, scope, **named, version=to)
    assert back == Change(Verb.CREATE, "Budget", "small", "lab", 0)
    assert (stands(world).version, amounts(world)) == (4, [Money.of(amount)])
    assert [one.version for one in history(world.desk, scope, **named)] == [4, 3, 2, 1]
    deleted = refusal_of(lambda: rollback(world.desk, scope, **named, version=3))
    assert (deleted.fault.code, deleted.detail) == ("govern.revision_unknown", "Budget/small version 3")


@pytest.mark.capability("C15")
def test_taking_back_a_deletion_makes_the_checks_of_declaring(world: World) -> None:
    ask(world, budget("1"))
    scope, named = world.inside("lab"), {"kinds": world.kinds, "kind": "Budget", "name": "small"}
    delete(world.desk, scope, **named)
    refusing = msgspec.structs.replace(world.desk, decider=Allowing("govern:resource:apply"))
    error = refusal_of(lambda: rollback(refusing, scope, **named))
    assert error.fault.code == "govern.not_allowed"
    assert amounts(world) == []


@pytest.mark.parametrize(
    ("version", "fits"), [(None, True), (1, True), (0, False), (2, False)], ids=["any", "read", "new", "old"]
)
def test_a_change_of_what_somebody_else_changed_is_refused(
    world: World, version: int | None, fits: bool
) -> None:
    ask(world, budget("1"))
    change = budget("2", version=version)
    if fits:
        assert ask_plan(world, change) == ask(world, change)
        return
    for road in (ask_plan, ask):
        error = refusal_of(lambda road=road: road(world, change))
        assert error.fault.code == "govern.version_moved_on"
        assert f"you read version {version}, it stands at 1" in error.detail
    assert amounts(world) == [Money.of(1)]


@pytest.mark.parametrize(
    ("document", "code", "said"),
    [
        (Document("Budget", "b", {"amuont": "1"}, "lab"), "core.unknown_field", "did you mean `amount`?"),
        (Document("Budget", "b", {"amount": 1}, "lab"), "core.invalid_value", "amount: Expected `str`"),
        (
            Document("Budget", "b", {"amount": "x"}, "lab"),
            "core.invalid_value",
            "team.yaml:7 (Budget/b): amount: not an amount of money: 'x'",
        ),
        (
            Document("Price", "p", PRICE | {"input": "1OO"}),
            "core.invalid_value",
            "team.yaml:7 (Price/p): input: not",
        ),
        (Document("Budget", "b", {"amount": "-1"}, "lab"), "spend.budget_invalid", "negative"),
        (Document("Budgte", "b", {"amount": "1"}, "lab"), "govern.kind_unknown", "Budget"),
        (Document("Budget", "B_1", {"amount": "1"}, "lab"), "govern.name_invalid", "B_1"),
        (Document("Budget", "", {"amount": "1"}, "lab"), "govern.name_invalid", ""),
        (Document("Budget", "b", {"amount": "1"}), "govern.place_invalid", "lives in the workspace"),
        (Document("Price", "p", PRICE, "lab"), "govern.place_invalid", "lives in the organisation"),
        (Document("Budget", "b", {"amount": "1"}, "nowhere"), "govern.workspace_unknown", "nowhere"),
    ],
)
def test_a_wrong_document_is_refused_by_name_and_with_it_all_others(
    world: World, document: Document, code: str, said: str
) -> None:
    named = msgspec.structs.replace(document, origin="team.yaml:7")
    good = [Document("Price", "sim", PRICE), budget()]
    error = refusal_of(lambda: ask(world, *good, named))
    assert error.fault.code == code
    assert said in error.detail
    assert amounts(world) == []
    with world.desk.database.begin(world.home) as tx:
        assert tx.rows(sa.select(price)) == []
        applied = outbox_event.c.type == "resource.applied"
        assert len(tx.rows(sa.select(outbox_event).where(applied))) == 1, "only the workspace's own"


def test_errors_say_where_the_document_stands(world: World) -> None:
    wrong = Document("Budget", "b", {"amuont": "1"}, "lab", origin="team.yaml:7")
    assert "team.yaml:7 (Budget/b)" in refusal_of(lambda: ask(world, wrong)).detail
    twice = [budget(), budget("2", origin="team.yaml:9")]
    error = refusal_of(lambda: ask(world, *twice))
    assert (error.fault.code, "team.yaml:9" in error.detail) == ("govern.declared_twice", True)


@pytest.mark.parametrize("road", [ask_plan, ask])
def test_nothing_to_apply_is_said_to_be_wrong_input(world: World, road: Callable[..., object]) -> None:
    assert refusal_of(lambda: road(world)).fault.code == "govern.nothing_declared"


@pytest.mark.capability("C15")
def test_several_workspaces_change_together_or_not_at_all(world: World) -> None:
    world.declare_workspace("other")
    documents = [budget("1", "lab"), budget("2", "other"), Document("Price", "sim", PRICE)]
    ask(world, *documents)
    assert (amounts(world), amounts(world, "other")) == ([Money.of(1)], [Money.of(2)])
    wrong = [budget("5", "lab"), budget("-5", "other")]
    assert refusal_of(lambda: ask(world, *wrong)).fault.code == "spend.budget_invalid"
    assert (amounts(world), amounts(world, "other")) == ([Money.of(1)], [Money.of(2)])
    for name in ("lab", "other"):
        found = entries(world.desk, world.inside(name), wanted=Filter(action="govern:resource:apply"))
        within = [one.record.workspace for one in found if one.record.workspace is not None]
        assert within == [world.inside(name).workspace]


class AllowingIn(Allowing):
    """Allows what lies in one workspace, and what belongs to the organisation."""

    def __init__(self, workspace: str | None) -> None:
        super().__init__()
        self.workspace = workspace

    def decide(self, tx: Transaction, action: str, resource: Ref) -> Verdict:
        self.refused = set() if resource.workspace in {None, self.workspace} else {action}
        return super().decide(tx, action, resource)


@pytest.mark.capability("C1")
def test_a_refusal_in_one_workspace_stops_all_and_is_told_in_that_ones_log(world: World) -> None:
    other = world.declare_workspace("other")
    lab = world.inside("lab").workspace
    limited = msgspec.structs.replace(world.desk, decider=AllowingIn(lab))
    documents = [budget("1", "lab"), budget("2", "other")]
    error = refusal_of(lambda: apply(limited, world.home, kinds=world.kinds, documents=documents))
    assert error.fault.code == "govern.not_allowed"
    assert amounts(world) == []
    (record,) = entries(world.desk, other, wanted=Filter(effect="deny"))
    assert (record.record.workspace, record.record.outcome) == (other.workspace, "refused")
    assert entries(world.desk, world.inside("lab"), wanted=Filter(effect="deny")) == []


@pytest.mark.capability("C1")
def test_a_plan_for_a_workspace_that_is_not_there_yet_asks_in_no_other(world: World) -> None:
    asking = Allowing()
    desk = msgspec.structs.replace(world.desk, decider=asking)
    place = Document("Workspace", "unborn", {"environment": "staging"})
    documents = [place, budget("1", "lab"), budget("1", "unborn")]
    changes = plan(desk, world.home, kinds=world.kinds, documents=documents)
    assert [one.verb for one in changes] == [Verb.CREATE] * 3
    reading = [ref.workspace for action, ref in asking.asked if action == "govern:resource:read"]
    assert reading == [None, world.inside("lab").workspace, None]
    with world.desk.database.begin(world.home) as tx:
        assert [one.name for one in places.listed(tx)] == ["lab"]


@pytest.mark.capability("C15")
@pytest.mark.parametrize(
    "document",
    [budget("-5"), budget("x"), budget("1", "nowhere")],
    ids=["a kind's own check", "a value", "a workspace that nobody declares"],
)
def test_a_plan_refuses_what_apply_refuses(world: World, document: Document) -> None:
    named = msgspec.structs.replace(document, origin="team.yaml:7")
    planned, applied = refusal_of(lambda: ask_plan(world, named)), refusal_of(lambda: ask(world, named))
    assert (planned.fault, planned.detail) == (applied.fault, applied.detail)
    denied = entries(world.desk, world.inside("lab"), wanted=Filter(effect="deny"))
    assert denied == []


@pytest.mark.capability("C15")
def test_a_plan_leaves_nothing_behind(world: World) -> None:
    ask(world, budget("1"))
    applied = Filter(action="govern:resource:apply")
    before = len(entries(world.desk, world.inside("lab"), wanted=applied))
    ask_plan(world, budget("2"))
    assert (amounts(world), stands(world).version) == ([Money.of(1)], 1)
    kept = history(world.desk, world.inside("lab"), kinds=world.kinds, kind="Budget", name="small")
    assert [one.version for one in kept] == [1]
    assert len(entries(world.desk, world.inside("lab"), wanted=applied)) == before


@pytest.mark.capability("C15")
def test_who_may_read_but_not_apply_sees_the_differences_only(world: World) -> None:
    reader = msgspec.structs.replace(world.desk, decider=Allowing("govern:resource:apply"))
    changes = plan(reader, world.home, kinds=world.kinds, documents=[budget("-5")])
    assert [one.verb for one in changes] == [Verb.CREATE]
    assert entries(world.desk, world.inside("lab"), wanted=Filter(effect="deny")) == []


def test_a_workspace_and_what_is_in_it_may_be_declared_at_once(world: World) -> None:
    documents = [budget("1", "fresh"), Document("Workspace", "fresh", {"environment": "staging"})]
    assert [one.kind for one in ask(world, *documents)] == ["Workspace", "Budget"]
    assert amounts(world, "fresh") == [Money.of(1)]


@pytest.mark.capability("C15")
def test_of_two_writers_at_once_one_makes_it_and_the_other_reads_again(world: World) -> None:
    together = threading.Barrier(2)

    def write(document: Document) -> str:
        together.wait(10)
        try:
            ask(world, document)
        except TenutoError as error:
            return error.fault.code
        return "done"

    def both(*documents: Document) -> list[str]:
        with ThreadPoolExecutor(2) as pool:
            return sorted(pool.map(write, documents))

    created = both(budget("1"), budget("2"))
    assert created in (["done", "done"], ["done", "store.conflicting_change"])
    version = stands(world).version
    changed = both(budget("3", version=version), budget("4", version=version))
    assert changed == ["done", "govern.version_moved_on"]
    assert stands(world).version == version + 1


def test_lists_show_what_one_may_read_in_the_place_one_is_in(world: World) -> None:
    ask(world, Document("Price", "sim", PRICE), budget())
    home = [one.kind for one in listing(world.desk, world.home, kinds=world.kinds)]
    assert home == ["Price", "Workspace"]
    inside = world.inside("lab", BEN)
    assert [one.kind for one in listing(world.desk, inside, kinds=world.kinds)] == ["Budget"]
    prices = listing(world.desk, inside, kinds=world.kinds, kind="Price")
    assert [one.name for one in prices] == ["sim"]
    assert refusal_of(lambda: listing(world.desk, inside, kinds=world.kinds, kind="Nonsense")).fault.code == (
        "govern.kind_unknown"
    )
