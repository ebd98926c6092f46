from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tenuto.core.words import Effect, Verdict
from tenuto.gateway.plan import PlanQuestion, admit, find_endpoint, plan_attempts, visible_routes
from tenuto.gateway.words.routing import (
    Endpoint,
    Identity,
    KeyEntry,
    Operation,
    Plan,
    Refusal,
    Route,
    Snapshot,
    Upstream,
)
from tenuto.testing.gateway_ports import entry_for, snapshot_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "sk-k1-secret"
ENTRY = entry_for(KEY)
A = Upstream("a", "d", "p", "http://a", "m")
B = Upstream("b", "d", "p", "http://b", "m")
DENIED = Verdict(Effect.DENY, "because", "rule.1", "7")


def world(*routes: Route) -> Snapshot:
    return snapshot_of([ENTRY], routes)


def question(model: str, operation: Operation = Operation.CHAT, most: int = 3) -> PlanQuestion:
    return PlanQuestion(ENTRY.identity, operation, model, most)


def planned(snapshot: Snapshot, asked: PlanQuestion, unreachable: tuple[str, ...] = ()) -> Plan:
    plan = plan_attempts(snapshot, asked, unreachable)
    assert isinstance(plan, Plan)
    return plan


def refused(answer: object, code: str) -> Refusal:
    assert isinstance(answer, Refusal)
    assert answer.fault.code == f"gateway.{code}"
    return answer


def always(_: KeyEntry) -> bool:
    return True


def never(_: KeyEntry) -> bool:
    return False


@pytest.mark.capability("G10")
class TestAdmit:
    def test_a_known_key_is_its_identity(self) -> None:
        assert admit(world(), "k1", always, NOW) == ENTRY.identity

    @pytest.mark.parametrize("key_id", [None, "", "k2"])
    def test_unknown_keys_and_wrong_secrets_get_the_same_refusal(self, key_id: str | None) -> None:
        wrong = admit(world(), "k1", never, NOW)
        assert admit(world(), key_id, always, NOW) == wrong
        refused(wrong, "invalid_api_key")

    def test_a_key_ends_at_its_moment(self) -> None:
        snapshot = world()
        entry = msgspec.structs.replace(ENTRY, expires_at=NOW)
        snapshot = msgspec.structs.replace(snapshot, keys={"k1": entry})
        refused(admit(snapshot, "k1", always, NOW), "invalid_api_key")
        assert isinstance(admit(snapshot, "k1", always, NOW - timedelta(seconds=1)), Identity)

    def test_nobody_enters_by_a_view_that_is_past(self) -> None:
        snapshot = msgspec.structs.replace(world(), valid_until=NOW)
        assert refused(admit(snapshot, "k1", always, NOW), "snapshot_expired").retry_after == 5


class TestPlan:
    def test_upstreams_are_tried_in_their_order_then_again_after_a_pause(self) -> None:
        plan = planned(world(Route("r", (A, B))), question("r"))
        assert [(attempt.upstream, attempt.repeats) for attempt in plan.attempts] == [
            (A, False),
            (B, False),
            (A, True),
        ]
        assert [attempt.pause > 0 for attempt in plan.attempts] == [False, False, True]
        assert plan.verdict.rule == "simulated.allow"

    def test_every_upstream_is_tried_once_even_beyond_the_usual_number(self) -> None:
        others = tuple(msgspec.structs.replace(A, base_url=f"http://{number}") for number in range(5))
        assert len(planned(world(Route("r", others)), question("r")).attempts) == 5

    def test_pauses_grow_to_their_limit(self) -> None:
        pauses = [
            attempt.pause for attempt in planned(world(Route("r", (A,))), question("r", most=7)).attempts
        ]
        assert pauses == [0, 0.25, 0.5, 1.0, 2.0, 2.0, 2.0]

    def test_an_unreachable_upstream_is_tried_last_and_not_left_out(self) -> None:
        plan = planned(world(Route("r", (A, B))), question("r", most=2), ("http://a",))
        assert [attempt.upstream for attempt in plan.attempts] == [B, A]
        alone = planned(world(Route("r", (A,))), question("r", most=1), ("http://a",))
        assert [attempt.upstream for attempt in alone.attempts] == [A]

    def test_an_unknown_model_gets_the_nearest_name_it_may_see(self) -> None:
        snapshot = world(Route("small", (A,)), Route("smaller", (A,)))
        snapshot.verdicts["k1"]["route:small"] = DENIED
        refusal = refused(plan_attempts(snapshot, question("small1")), "model_not_found")
        assert "'smaller'" in refusal.detail
        assert "nearest" not in refused(plan_attempts(snapshot, question("zzz")), "model_not_found").detail

    def test_a_refusal_names_its_rule_and_absence_is_one(self) -> None:
        snapshot = world(Route("r", (A,)))
        snapshot.verdicts["k1"]["route:r"] = DENIED
        assert (
            refused(plan_attempts(snapshot, question("r")), "call_forbidden").detail
            == "because (rule rule.1)"
        )
        del snapshot.verdicts["k1"]["route:r"]
        refused(plan_attempts(snapshot, question("r")), "call_forbidden")

    def test_routes_of_another_workspace_do_not_exist(self) -> None:
        snapshot = world(Route("r", (A,)))
        foreign = msgspec.structs.replace(ENTRY.identity, workspace="w2")
        asked = msgspec.structs.replace(question("r"), identity=foreign)
        assert "nearest" not in refused(plan_attempts(snapshot, asked), "model_not_found").detail
        assert visible_routes(snapshot, foreign) == []

    def test_an_operation_a_route_does_not_take(self) -> None:
        snapshot = world(Route("r", (A,), operations=(Operation.CHAT,)))
        refusal = refused(
            plan_attempts(snapshot, question("r", Operation.EMBEDDINGS)), "operation_unsupported"
        )
        assert "takes chat, not embeddings" in refusal.detail


class TestEndpoints:
    def test_found_refused_and_unknown(self) -> None:
        deployed = {"w1": {"tumour": Endpoint("tumour", "/s"), "hidden": Endpoint("hidden", "/h")}}
        allowed = Verdict(Effect.ALLOW, "", "r", "1")
        snapshot = msgspec.structs.replace(
            world(), endpoints=deployed, verdicts={"k1": {"endpoint:tumour": allowed}}
        )
        assert find_endpoint(snapshot, ENTRY.identity, "tumour") == Endpoint("tumour", "/s")
        refused(find_endpoint(snapshot, ENTRY.identity, "hidden"), "call_forbidden")
        assert (
            "'tumour'"
            in refused(find_endpoint(snapshot, ENTRY.identity, "tumor"), "endpoint_not_found").detail
        )
        assert (
            "hidden"
            not in refused(find_endpoint(snapshot, ENTRY.identity, "hiddem"), "endpoint_not_found").detail[9:]
        )
