"""The ways in, and that no secret ever shows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from support.platform import ANN
from support.world import World, build_world
from tenuto.core.errors import TenutoError
from tenuto.core.words import ANONYMOUS, Scope
from tenuto.govern.access import queries as access
from tenuto.govern.audit.use_cases import Filter, entries
from tenuto.govern.audit_record import AuditRecord
from tenuto.govern.identities import entrance, use_cases
from tenuto.govern.identities.entrance import Entered, NewOwner
from tenuto.govern.identities.tables import api_key, one_time_token, person, web_session
from tenuto.govern.identities.words import KeyPurpose
from tenuto.govern.secret_text import SecretText
from tenuto.govern.use_case import Desk
from tenuto.govern.workspaces import queries as places
from tenuto.store.database import Role

Shift = Callable[[timedelta], None]
STRANGER = Scope(ANONYMOUS, None, "test-request", "127.0.0.1")
PASSWORD = SecretText("canary horse battery staple")
OTHER = SecretText("canary quite another sentence")
OWNER = NewOwner(name="Eve", email=" Eve@Example.org ", password=PASSWORD, currency="CHF")


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(TenutoError) as caught:
        call()
    assert "canary" not in str(caught.value) + str(caught.value.as_json())
    return caught.value.fault.code


def records(world: World) -> list[AuditRecord]:
    return [one.record for one in entries(world.desk, world.home, wanted=Filter(limit=1_000))]


@pytest.fixture
def empty(desk: Desk, tmp_path: Any) -> World:
    return build_world(desk, tmp_path)


@pytest.fixture
def eve(empty: World) -> Entered:
    token = entrance.bootstrap_token(empty.keeper)
    assert token is not None
    return entrance.found(empty.keeper, STRANGER, token, OWNER)


# The first owner.


@pytest.mark.capability("C4")
def test_the_token_makes_the_first_owner_once(empty: World) -> None:
    token = entrance.bootstrap_token(empty.keeper)
    spare = entrance.bootstrap_token(empty.keeper)
    assert token is not None
    assert spare is not None
    entered = entrance.found(empty.keeper, STRANGER, token, OWNER)
    assert (entered.person.email, entered.person.name) == ("eve@example.org", "Eve")
    assert entrance.by_session(empty.keeper, entered.secret) == entered.person
    with empty.desk.database.begin(empty.home) as tx:
        founded = places.the_organisation(tx)
        (bound,) = access.granted(tx)
    assert founded is not None
    assert founded.currency == "CHF"
    assert (bound.role, bound.subject_id, bound.workspace) == ("owner", entered.person.id, None)
    for again in (token, spare):
        assert (
            code_of(lambda again=again: entrance.found(empty.keeper, STRANGER, again, OWNER))
            == "govern.already_founded"
        )
    assert entrance.bootstrap_token(empty.keeper) is None


@pytest.mark.capability("C4")
def test_the_token_is_good_for_one_hour(empty: World, shift_clock: Shift) -> None:
    token = entrance.bootstrap_token(empty.keeper)
    assert token is not None
    shift_clock(timedelta(minutes=61))
    assert code_of(lambda: entrance.found(empty.keeper, STRANGER, token, OWNER)) == "govern.token_spent"
    shift_clock(timedelta(minutes=59))
    assert entrance.found(empty.keeper, STRANGER, token, OWNER)


def test_a_token_is_not_used_up_by_an_attempt_that_fails(empty: World) -> None:
    token = entrance.bootstrap_token(empty.keeper)
    assert token is not None
    weak = msgspec.structs.replace(OWNER, password=SecretText("short"))
    wrong = msgspec.structs.replace(OWNER, email="nobody")
    assert code_of(lambda: entrance.found(empty.keeper, STRANGER, token, weak)) == "govern.password_weak"
    assert code_of(lambda: entrance.found(empty.keeper, STRANGER, token, wrong)) == "govern.email_invalid"
    invented = SecretText("canary-token")
    assert code_of(lambda: entrance.found(empty.keeper, STRANGER, invented, OWNER)) == "govern.token_spent"
    assert entrance.found(empty.keeper, STRANGER, token, OWNER)


@pytest.mark.capability("C4")
def test_of_two_founders_at_once_one_founds(empty: World) -> None:
    tokens = [entrance.bootstrap_token(empty.keeper) for _ in range(2)]

    def found(token: SecretText | None) -> str:
        assert token is not None
        try:
            entrance.found(empty.keeper, STRANGER, token, OWNER)
        except TenutoError as error:
            return error.fault.code
        return "found"

    with ThreadPoolExecutor(2) as pool:
        ended = sorted(pool.map(found, tokens))
    assert ended[0] == "found"
    assert ended[1] in {"govern.already_founded", "store.conflicting_change"}


@pytest.mark.capability("C4")
def test_there_is_no_credential_before_somebody_made_one(empty: World) -> None:
    with empty.desk.database.begin(empty.home, Role.SYSTEM) as tx:
        for table in (api_key, web_session, one_time_token):
            assert tx.rows(sa.select(table)) == []
        assert [row.password_hash for row in tx.rows(sa.select(person))] == [None, None]
    for email, password in (("ann@example.org", SecretText("")), ("admin", SecretText("admin"))):
        assert (
            code_of(lambda e=email, p=password: entrance.sign_in(empty.keeper, STRANGER, e, p))
            == "govern.sign_in_refused"
        )


# Password and session.


def test_a_refusal_says_the_same_for_unknown_person_and_wrong_password_and_is_recorded(
    empty: World, eve: Entered
) -> None:
    said = set()
    for email, password in (
        ("eve@example.org", OTHER),
        ("nobody@example.org", PASSWORD),
        ("ann@example.org", PASSWORD),
        ("", SecretText("")),
    ):
        with pytest.raises(TenutoError) as caught:
            entrance.sign_in(empty.keeper, STRANGER, email, password)
        said.add((str(caught.value), str(caught.value.as_json())))
    assert len(said) == 1
    failed = [one for one in records(empty) if one.outcome == "failed"]
    assert {(one.action, one.resource.kind) for one in failed} == {("govern:session:begin", "Person")}
    assert sorted(one.resource.id for one in failed) == sorted([ANN.id, eve.person.id, *["unrecognised"] * 2])
    assert {one.actor.id for one in failed} == {STRANGER.actor.id}


def test_a_session_lasts_twelve_hours_or_until_it_is_ended(
    empty: World, eve: Entered, shift_clock: Shift
) -> None:
    entered = entrance.sign_in(empty.keeper, STRANGER, " EVE@example.org", PASSWORD)
    assert entrance.by_session(empty.keeper, entered.secret) == eve.person
    name = entrance.session_name(entered.secret)
    assert name != entered.secret.reveal()
    assert entrance.by_session(empty.keeper, SecretText(name)) is None, "a session's name opens nothing"
    entrance.sign_out(empty.keeper, Scope(eve.person.actor), name)
    entrance.sign_out(empty.keeper, Scope(eve.person.actor), name)
    assert entrance.by_session(empty.keeper, entered.secret) is None
    assert entrance.by_session(empty.keeper, eve.secret) == eve.person, "other sessions go on"
    ended = [one for one in records(empty) if one.action == "govern:session:end"]
    assert len(ended) == 1
    shift_clock(timedelta(hours=12, minutes=1))
    assert entrance.by_session(empty.keeper, eve.secret) is None


def test_who_is_shut_out_has_no_session_no_key_and_no_way_in(empty: World, eve: Entered) -> None:
    login = entrance.log_in(empty.keeper, STRANGER, "eve@example.org", PASSWORD)
    with empty.desk.database.begin(empty.home) as tx:
        tx.execute(sa.update(person).where(person.c.id == eve.person.id).values(active=False))
    assert entrance.by_session(empty.keeper, eve.secret) is None
    assert code_of(lambda: entrance.by_key(empty.keeper, login.key.reveal())) == "govern.key_refused"
    assert (
        code_of(lambda: entrance.sign_in(empty.keeper, STRANGER, "eve@example.org", PASSWORD))
        == "govern.sign_in_refused"
    )


# Invitations.


def invited(world: World, email: str = "Fay@example.org") -> use_cases.Invited:
    return use_cases.invite(world.desk, world.home, keeper=world.keeper, email=email, name="Fay")


def accept(world: World, token: SecretText, password: SecretText = PASSWORD) -> Entered:
    return entrance.accept_invitation(world.keeper, STRANGER, token, name="Fay", password=password)


def test_an_invitation_sets_a_password_once(empty: World) -> None:
    made = invited(empty)
    assert (
        code_of(lambda: entrance.sign_in(empty.keeper, STRANGER, "fay@example.org", PASSWORD))
        == "govern.sign_in_refused"
    )
    entered = accept(empty, made.token)
    assert entered.person.email == "fay@example.org"
    assert entrance.sign_in(empty.keeper, STRANGER, "fay@example.org", PASSWORD).person == entered.person
    assert code_of(lambda: accept(empty, made.token, OTHER)) == "govern.token_spent"
    assert entrance.sign_in(empty.keeper, STRANGER, "fay@example.org", PASSWORD)
    outcomes = [one.outcome for one in records(empty) if one.action == "govern:invitation:accept"]
    assert outcomes == ["failed", "done"]


def test_an_accepted_invitation_ends_the_others(empty: World) -> None:
    lost, sent = invited(empty), invited(empty)
    accept(empty, sent.token)
    assert code_of(lambda: accept(empty, lost.token, OTHER)) == "govern.token_spent"


def test_an_invitation_is_good_for_a_week_and_for_nothing_else(empty: World, shift_clock: Shift) -> None:
    made = invited(empty)
    assert code_of(lambda: entrance.found(empty.keeper, STRANGER, made.token, OWNER)) == "govern.token_spent"
    assert code_of(lambda: accept(empty, made.token, SecretText("short"))) == "govern.password_weak"
    shift_clock(timedelta(days=7, minutes=1))
    assert code_of(lambda: accept(empty, made.token)) == "govern.token_spent"
    shift_clock(timedelta(days=6))
    assert accept(empty, made.token)


def test_a_bootstrap_token_is_no_invitation(empty: World) -> None:
    token = entrance.bootstrap_token(empty.keeper)
    assert token is not None
    assert code_of(lambda: accept(empty, token)) == "govern.token_spent"


@pytest.mark.parametrize("email", ["", "fay", "fay@", "@example.org", "a b@example.org", "a@b", "a@b@c.org"])
def test_an_invitation_needs_an_address(empty: World, email: str) -> None:
    assert code_of(lambda: invited(empty, email)) == "govern.email_invalid"


# Keys.


def make_key(world: World, purpose: KeyPurpose = KeyPurpose.PLATFORM, **more: Any) -> use_cases.MadeKey:
    return use_cases.create_key(
        world.desk, world.inside("lab"), keeper=world.keeper, name="mine", purpose=purpose, **more
    )


@pytest.mark.parametrize("days", [0, -3, 3651, 99_999])
def test_a_key_is_good_for_as_long_as_was_asked_or_not_made(world: World, days: int) -> None:
    assert code_of(lambda: make_key(world, days=days)) == "govern.key_lifetime_invalid"
    made = make_key(world, days=3650).info
    assert made.expires_at - made.created_at == timedelta(days=3650)


def test_a_key_opens_what_it_is_for(world: World) -> None:
    made = make_key(world)
    found = entrance.by_key(world.keeper, made.key.reveal())
    assert (found.actor, found.workspace, found.id) == (ANN, None, made.info.id)
    assert (
        code_of(lambda: entrance.by_key(world.keeper, made.key.reveal(), KeyPurpose.GATEWAY))
        == "govern.key_refused"
    )
    gate = make_key(world, KeyPurpose.GATEWAY, models=["chat"])
    found = entrance.by_key(world.keeper, gate.key.reveal(), KeyPurpose.GATEWAY)
    assert (found.workspace, found.models) == (world.inside("lab").workspace, ["chat"])
    assert code_of(lambda: entrance.by_key(world.keeper, gate.key.reveal())) == "govern.key_refused"


def test_a_slip_in_a_key_is_refused_without_a_query(world: World) -> None:
    text = make_key(world).key.reveal()
    asked: list[str] = []
    engine = world.desk.database._engine(Role.APP)
    sa.event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for slip in (text[:-1], text[:-1] + ("a" if text[-1] != "a" else "b"), "canary", "", text.upper()):
        assert code_of(lambda slip=slip: entrance.by_key(world.keeper, slip)) == "govern.key_malformed"
    assert asked == []
    entrance.by_key(world.keeper, text)
    assert asked != []


def test_a_key_that_was_revoked_has_expired_or_was_never_made_is_refused(
    world: World, shift_clock: Shift
) -> None:
    revoked, expiring = make_key(world), make_key(world, days=2)
    foreign = msgspec.structs.replace(world.keeper, pepper=b"p" * 32)
    assert code_of(lambda: entrance.by_key(foreign, revoked.key.reveal())) == "govern.key_refused"
    use_cases.revoke_key(world.desk, world.home, key_id=revoked.info.id)
    assert code_of(lambda: entrance.by_key(world.keeper, revoked.key.reveal())) == "govern.key_refused"
    never = entrance.mint("live", world.keeper.entropy)
    assert code_of(lambda: entrance.by_key(world.keeper, never.whole.reveal())) == "govern.key_refused"
    assert entrance.by_key(world.keeper, expiring.key.reveal())
    shift_clock(timedelta(days=2, minutes=1))
    assert code_of(lambda: entrance.by_key(world.keeper, expiring.key.reveal())) == "govern.key_refused"


def test_a_key_of_a_service_account_acts_as_it_and_its_owner_answers(world: World) -> None:
    robot = use_cases.create_account(world.desk, world.home, name="robot")
    made = make_key(world, account="robot")
    found = entrance.by_key(world.keeper, made.key.reveal())
    assert (found.actor, found.actor.answerable) == (robot.actor, ANN.id)
    assert made.info.ref.facts == {"owner": ANN.id}


def test_a_gateway_key_needs_a_workspace_and_an_unknown_account_has_none(world: World) -> None:
    assert (
        code_of(
            lambda: use_cases.create_key(
                world.desk, world.home, keeper=world.keeper, name="x", purpose=KeyPurpose.GATEWAY
            )
        )
        == "govern.key_needs_workspace"
    )
    assert code_of(lambda: make_key(world, account="nobody")) == "govern.person_unknown"
    assert (
        code_of(lambda: use_cases.revoke_key(world.desk, world.home, key_id="none"))
        == "govern.key_unknown_id"
    )


def test_a_login_key_is_the_persons_own_and_short_lived(
    empty: World, eve: Entered, shift_clock: Shift
) -> None:
    login = entrance.log_in(empty.keeper, STRANGER, "eve@example.org", PASSWORD)
    assert entrance.by_key(empty.keeper, login.key.reveal()).actor == eve.person.actor
    shift_clock(timedelta(hours=12, minutes=1))
    assert code_of(lambda: entrance.by_key(empty.keeper, login.key.reveal())) == "govern.key_refused"


# Nothing secret shows.


def test_no_secret_lies_in_the_database_or_the_log(empty: World, eve: Entered) -> None:
    empty.declare_workspace("lab")
    made = invited(empty)
    entered = accept(empty, made.token, OTHER)
    login = entrance.log_in(empty.keeper, STRANGER, "eve@example.org", PASSWORD)
    key = make_key(empty)
    code_of(lambda: entrance.sign_in(empty.keeper, STRANGER, "eve@example.org", OTHER))
    secrets = [made.token, entered.secret, eve.secret, login.key, key.key, PASSWORD, OTHER]
    tables = ("audit_record", "outbox_event", "person", "api_key", "web_session", "one_time_token")
    with empty.desk.database.begin(empty.home, Role.SYSTEM) as tx:
        texts = [sa.text(f"select t::text as whole from {name} t") for name in tables]  # noqa: S608 (our own names)
        rows = [row for text in texts for row in tx.rows(text)]
        bodies = [bytes(row.body).decode() for row in tx.rows(sa.text("select body from audit_record"))]
    everything = "\n".join([*(row.whole for row in rows), *bodies])
    for secret in secrets:
        assert secret.reveal() not in everything
        assert secret.reveal().encode().hex() not in everything
        assert secret.reveal() not in repr([made, entered, login, key])
