from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from tenuto.core.money import Money
from tenuto.core.words import Scope, Verdict
from tenuto.govern.resources.rules import Kinds
from tenuto.govern.resources.use_cases import apply, delete
from tenuto.govern.resources.words import Document
from tenuto.govern.use_case import Desk
from tenuto.govern.workspaces.kinds import WORKSPACE
from tenuto.spend import queries
from tenuto.spend.kinds import BUDGET, PRICE
from tenuto.spend.metering import reclaim, reserve, settle
from tenuto.spend.tables import reservation, usage_record
from tenuto.spend.words import Candidate, Intent, Outcome, Refusal, Reservation, Tokens, UsageSource

KINDS = Kinds([WORKSPACE, BUDGET, PRICE])
ALLOWED = Verdict.system("test")


@pytest.fixture
def scope(desk: Desk, make_workspace: Callable[..., Scope]) -> Scope:
    """A workspace whose calls cost 1 per million input tokens and 2 per million output tokens."""
    scope = make_workspace()
    apply(
        desk,
        msgspec.structs.replace(scope, workspace=None),
        kinds=KINDS,
        documents=[Document("Price", "sim", {"provider": "sim", "model": "*", "input": "1", "output": "2"})],
    )
    return scope


def declare_budget(desk: Desk, scope: Scope, **spec: object) -> None:
    document = Document("Budget", "small", spec, "lab")
    apply(desk, msgspec.structs.replace(scope, workspace=None), kinds=KINDS, documents=[document])


def intent(desk: Desk, scope: Scope, **changes: object) -> Intent:
    assert scope.workspace
    base = Intent(
        request_id=desk.ids.new(),
        workspace=scope.workspace,
        actor_id=scope.actor.id,
        key_id="key",
        route="chat",
        candidates=(Candidate("sim", "m"),),
        input_tokens=1_000,
        max_output=500,
    )
    return msgspec.structs.replace(base, **changes)


def outcome(request_id: str, **changes: object) -> Outcome:
    base = Outcome(
        request_id=request_id,
        provider="sim",
        model="m",
        status="completed",
        tokens=Tokens(input=900, output=400),
        usage_source=UsageSource.PROVIDER,
    )
    return msgspec.structs.replace(base, **changes)


@pytest.mark.capability("G8")
def test_a_call_is_booked_once_however_often_it_is_settled(desk: Desk, scope: Scope) -> None:
    declare_budget(desk, scope, amount="1")
    held = reserve(desk, scope, wanted := intent(desk, scope))
    assert held == Reservation(wanted.request_id, Money.of("0.002"))
    settled = settle(desk, scope, outcome(wanted.request_id), ALLOWED)
    assert settled is not None
    assert settled.cost == Money.of("0.0017")
    assert settle(desk, scope, outcome(wanted.request_id), ALLOWED) is None
    with desk.database.begin(scope) as tx:
        (state,) = queries.states(tx, desk.clock.now())
        assert (state.spent, state.reserved) == (Money.of("0.0017"), Money(0))
        (row,) = tx.rows(usage_record.select())
        assert (row.input_tokens, row.output_tokens, row.usage_source) == (900, 400, "provider")


@pytest.mark.capability("G9")
def test_a_hard_budget_is_never_passed_by_calls_at_once(desk: Desk, scope: Scope) -> None:
    declare_budget(desk, scope, amount="0.01")

    def call(_number: int) -> bool:
        wanted = intent(desk, scope)
        if isinstance(reserve(desk, scope, wanted), Refusal):
            return False
        settle(desk, scope, outcome(wanted.request_id, tokens=Tokens(1_000, 500)), ALLOWED)
        return True

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(call, range(30)))
    assert made.count(True) == 5
    with desk.database.begin(scope) as tx:
        (state,) = queries.states(tx, desk.clock.now())
    assert state.spent == Money.of("0.01")
    assert state.fired == (50, 80, 100)


@pytest.mark.capability("G9")
def test_each_threshold_is_told_once(desk: Desk, scope: Scope) -> None:
    declare_budget(desk, scope, amount="0.004", hard=False, thresholds=[40, 80])
    for _ in range(4):
        reserve(desk, scope, wanted := intent(desk, scope))
        settle(desk, scope, outcome(wanted.request_id), ALLOWED)
    with desk.database.begin(scope) as tx:
        from tenuto.store.outbox import outbox_event

        told = tx.rows(outbox_event.select().where(outbox_event.c.type == "budget.threshold_reached"))
    assert [row.data["percent"] for row in told] == [40, 80]


def test_a_refusal_says_what_is_left_and_holds_nothing(desk: Desk, scope: Scope) -> None:
    declare_budget(desk, scope, amount="0.001")
    refused = reserve(desk, scope, intent(desk, scope))
    assert isinstance(refused, Refusal)
    assert "`small` has 0.001 left of 0.001" in refused.reason
    with desk.database.begin(scope) as tx:
        assert tx.rows(reservation.select()) == []


def test_an_unpriced_model_is_refused_under_a_hard_budget_and_marked_otherwise(
    desk: Desk, scope: Scope
) -> None:
    unknown = (Candidate("other", "m"),)
    declare_budget(desk, scope, amount="1")
    refused = reserve(desk, scope, intent(desk, scope, candidates=unknown))
    assert isinstance(refused, Refusal)
    assert "no price is known for `" in refused.reason
    declare_budget(desk, scope, amount="1", hard=False)
    reserve(desk, scope, wanted := intent(desk, scope, candidates=unknown))
    settled = settle(desk, scope, outcome(wanted.request_id, provider="other"), ALLOWED)
    assert settled is not None
    assert (settled.cost, settled.price_source) == (None, "unpriced")


def test_the_dearest_candidate_decides_what_is_held(desk: Desk, scope: Scope) -> None:
    dear = Document("Price", "dear", {"provider": "dear", "model": "m", "input": "10", "output": "20"})
    apply(desk, msgspec.structs.replace(scope, workspace=None), kinds=KINDS, documents=[dear])
    both = (Candidate("sim", "m"), Candidate("dear", "m"))
    held = reserve(desk, scope, intent(desk, scope, candidates=both))
    assert isinstance(held, Reservation)
    assert held.amount == Money.of("0.02")


def test_what_a_dead_gateway_reserved_is_booked_as_estimated(desk: Desk, scope: Scope) -> None:
    declare_budget(desk, scope, amount="1")
    reserve(desk, scope, wanted := intent(desk, scope))
    assert reclaim(desk) == 0
    with desk.database.begin(scope) as tx:
        past = desk.clock.now().replace(year=2020)
        tx.execute(reservation.update().values(expires_at=past))
    assert reclaim(desk) == 1
    with desk.database.begin(scope) as tx:
        (row,) = tx.rows(usage_record.select())
        (state,) = queries.states(tx, desk.clock.now())
    assert (row.request_id, row.usage_source, row.status) == (wanted.request_id, "estimated", "failed")
    assert state.reserved == Money(0)


# Settling late.


def give_up(desk: Desk, scope: Scope) -> None:
    """Let all open reservations be overdue, and reclaim them."""
    with desk.database.begin(scope) as tx:
        tx.execute(reservation.update().values(expires_at=desk.clock.now().replace(year=2020)))
    assert reclaim(desk) == 1


@pytest.mark.capability("G8")
def test_what_is_settled_after_its_time_counts_as_it_was_used_and_once(desk: Desk, scope: Scope) -> None:
    """A stream that lasted, or a spool that waited: the estimate gives way, and stays readable beneath."""
    declare_budget(desk, scope, amount="1")
    reserve(desk, scope, wanted := intent(desk, scope))
    give_up(desk, scope)
    assert spent(desk, scope) == Money.of("0.001"), "the reserved input, meanwhile"
    settled = settle(desk, scope, outcome(wanted.request_id), ALLOWED)
    assert settled is not None
    assert settled.cost == Money.of("0.0017")
    assert settle(desk, scope, outcome(wanted.request_id), ALLOWED) is None
    assert reclaim(desk) == 0
    assert spent(desk, scope) == Money.of("0.0017")
    with desk.database.begin(scope) as tx:
        [state] = queries.states(tx, desk.clock.now())
        assert (state.spent, state.reserved) == (Money.of("0.0017"), Money(0))
        kept = tx.rows(usage_record.select().order_by(usage_record.c.revision))
        [shown] = queries.ledger(tx, actor="", route="", request_id="", before=None, limit=10)
    assert [(row.revision, row.usage_source) for row in kept] == [(1, "estimated"), (2, "provider")]
    assert (shown.usage_source, shown.status, shown.output_tokens) == (UsageSource.PROVIDER, "completed", 400)


def test_a_correction_downwards_gives_money_back(desk: Desk, scope: Scope) -> None:
    declare_budget(desk, scope, amount="1")
    reserve(desk, scope, wanted := intent(desk, scope))
    give_up(desk, scope)
    settle(desk, scope, outcome(wanted.request_id, tokens=Tokens(input=10)), ALLOWED)
    with desk.database.begin(scope) as tx:
        [state] = queries.states(tx, desk.clock.now())
    assert (state.spent, state.reserved) == (Money.of("0.00001"), Money(0))


@pytest.mark.capability("G8")
def test_late_settlements_at_once_count_once(desk: Desk, scope: Scope) -> None:
    declare_budget(desk, scope, amount="1")
    reserve(desk, scope, wanted := intent(desk, scope))
    give_up(desk, scope)
    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda _: settle(desk, scope, outcome(wanted.request_id), ALLOWED), range(6)))
    assert sum(one is not None for one in told) == 1
    assert spent(desk, scope) == Money.of("0.0017")


def spent(desk: Desk, scope: Scope) -> Money:
    """Return what all readings of the ledger agree on."""
    with desk.database.begin(scope) as tx:
        since = desk.clock.now().replace(year=2020)
        interval, [total] = queries.spent_since(tx, since), queries.totals(tx)
        [day] = queries.by_day(tx, since)
        [state] = queries.states(tx, desk.clock.now())
    assert (interval.calls, total.calls, day.calls) == (1, 1, 1)
    assert Money.of(total.cost) == day.cost == interval.cost == state.spent
    return interval.cost


# Prices.


def declare_price(desk: Desk, scope: Scope, **spec: object) -> None:
    document = Document("Price", "sim", {"provider": "sim", "model": "*", **spec})
    apply(desk, msgspec.structs.replace(scope, workspace=None), kinds=KINDS, documents=[document])


@pytest.mark.capability("G8")
def test_a_call_costs_what_was_declared_when_it_was_reserved(desk: Desk, scope: Scope) -> None:
    """A price that says it was valid since 1970 is for the calls that begin after it was declared."""
    declare_budget(desk, scope, amount="1")
    reserve(desk, scope, under_way := intent(desk, scope))
    declare_price(desk, scope, input="100", output="200")
    reserve(desk, scope, later := intent(desk, scope))
    before = settle(desk, scope, outcome(under_way.request_id), ALLOWED)
    after = settle(desk, scope, outcome(later.request_id), ALLOWED)
    assert before is not None
    assert after is not None
    assert (before.cost, after.cost) == (Money.of("0.0017"), Money.of("0.17"))
    assert before.price_source.endswith("@1")
    assert after.price_source.endswith("@2")


def test_a_price_that_is_taken_away_still_holds_for_calls_under_way(desk: Desk, scope: Scope) -> None:
    reserve(desk, scope, wanted := intent(desk, scope))
    organisation = msgspec.structs.replace(scope, workspace=None)
    delete(desk, organisation, kinds=KINDS, kind="Price", name="sim")
    settled = settle(desk, scope, outcome(wanted.request_id), ALLOWED)
    assert settled is not None
    assert settled.cost == Money.of("0.0017")


def test_a_price_declared_under_way_prices_nothing_that_had_none(desk: Desk, scope: Scope) -> None:
    unknown = (Candidate("other", "m"),)
    reserve(desk, scope, wanted := intent(desk, scope, candidates=unknown))
    document = Document("Price", "late", {"provider": "other", "model": "m", "input": "1", "output": "1"})
    apply(desk, msgspec.structs.replace(scope, workspace=None), kinds=KINDS, documents=[document])
    settled = settle(desk, scope, outcome(wanted.request_id, provider="other"), ALLOWED)
    assert settled is not None
    assert (settled.cost, settled.price_source) == (None, "unpriced")
