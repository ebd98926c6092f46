"""A new password and being shut out end what could still act in somebody's name."""

from __future__ import annotations

import msgspec
import pytest
import sqlalchemy as sa

from support.platform import ANN, BEN
from support.use_case_calls import own_everything
from support.world import World
from tenuto.core.errors import TenutoError
from tenuto.core.words import ANONYMOUS, Actor, Scope
from tenuto.gateway.declared.queries import gateway_keys
from tenuto.govern.access.queries import Granted, grant
from tenuto.govern.identities import entrance, use_cases
from tenuto.govern.identities.entrance import Entered
from tenuto.govern.identities.renewal import change_password
from tenuto.govern.identities.words import KeyPurpose
from tenuto.govern.secret_text import SecretText
from tenuto.store.database import Role
from tenuto.store.outbox import outbox_event

STRANGER = Scope(ANONYMOUS, None, "test-request", "127.0.0.1")
FIRST, SECOND = SecretText("canary horse battery staple"), SecretText("canary quite another sentence")


@pytest.fixture
def ben(world: World) -> Entered:
    """Ben has a password, a session, a key of each purpose and a service account with a key; Ann owns all."""
    own_everything(world)
    entered = reset(world, FIRST)
    for purpose in KeyPurpose:
        make_key(world, purpose)
    use_cases.create_account(world.desk, as_ben(world), name="robot")
    make_key(world, KeyPurpose.GATEWAY, "robot")
    return entered


def as_ben(world: World) -> Scope:
    return world.inside("lab", BEN)


def make_key(world: World, purpose: KeyPurpose, account: str | None = None) -> use_cases.MadeKey:
    return use_cases.create_key(
        world.desk, as_ben(world), keeper=world.keeper, name="mine", purpose=purpose, account=account
    )


def reset(world: World, password: SecretText) -> Entered:
    invited = use_cases.invite(
        world.desk, world.home, keeper=world.keeper, email="ben@example.org", name="Ben"
    )
    return entrance.accept_invitation(world.keeper, STRANGER, invited.token, name="Ben", password=password)


def change(world: World, current: SecretText, *, revoke_keys: bool = False) -> use_cases.NewPassword:
    return change_password(world.keeper, as_ben(world), current=current, new=SECOND, revoke_keys=revoke_keys)


def working_keys(world: World) -> int:
    """Return how many keys the next snapshot of a gateway would hold."""
    with world.desk.database.begin(world.home, Role.SYSTEM) as tx:
        return len(gateway_keys(tx))


def events(world: World) -> list[str]:
    with world.desk.database.begin(world.home, Role.SYSTEM) as tx:
        return [row.type for row in tx.rows(sa.select(outbox_event).order_by(outbox_event.c.id))]


def code_of(error: pytest.ExceptionInfo[TenutoError]) -> str:
    return error.value.fault.code


@pytest.mark.capability("C4")
def test_a_new_password_ends_every_session_and_names_the_keys(world: World, ben: Entered) -> None:
    other = entrance.sign_in(world.keeper, STRANGER, "ben@example.org", FIRST)
    told = change(world, FIRST)
    assert (told.sessions_ended, len(told.keys), told.keys_revoked) == (2, 2, False)
    for entered in (ben, other):
        assert entrance.by_session(world.keeper, entered.secret) is None
    with pytest.raises(TenutoError):
        entrance.sign_in(world.keeper, STRANGER, "ben@example.org", FIRST)
    assert entrance.sign_in(world.keeper, STRANGER, "ben@example.org", SECOND)
    assert working_keys(world) == 2


@pytest.mark.capability("C4")
def test_keys_end_with_the_password_when_that_is_asked(world: World, ben: Entered) -> None:
    mine = make_key(world, KeyPurpose.PLATFORM)
    told = change(world, FIRST, revoke_keys=True)
    assert (len(told.keys), told.keys_revoked) == (3, True)
    with pytest.raises(TenutoError) as caught:
        entrance.by_key(world.keeper, mine.key.reveal())
    assert code_of(caught) == "govern.key_refused"
    assert working_keys(world) == 1, "the service account's own key works on"
    assert events(world).count("key.revoked") == 3, "each tells the gateways at once"


@pytest.mark.capability("C4")
def test_only_who_knows_the_old_password_sets_a_new_one(world: World, ben: Entered) -> None:
    with pytest.raises(TenutoError) as caught:
        change(world, SECOND)
    assert code_of(caught) == "govern.sign_in_refused"
    assert "canary" not in str(caught.value.as_json())
    assert entrance.by_session(world.keeper, ben.secret) is not None
    robot = use_cases.accounts(world.desk, as_ben(world))[0].actor
    with pytest.raises(TenutoError) as caught:
        change_password(
            world.keeper, msgspec.structs.replace(as_ben(world), actor=robot), current=FIRST, new=SECOND
        )
    assert code_of(caught) == "govern.password_of_nobody"


def test_trying_old_passwords_is_counted_like_signing_in(world: World, ben: Entered) -> None:
    told = set()
    for _ in range(12):
        with pytest.raises(TenutoError) as caught:
            change(world, SECOND)
        told.add(code_of(caught))
    assert told == {"govern.sign_in_refused", "govern.sign_in_too_often"}


@pytest.mark.capability("C4")
def test_a_reset_by_invitation_ends_sessions_too_and_names_the_keys(world: World, ben: Entered) -> None:
    entered = reset(world, SECOND)
    assert entrance.by_session(world.keeper, ben.secret) is None
    assert entrance.by_session(world.keeper, entered.secret) is not None
    assert len(entered.keys) == 2


@pytest.mark.capability("C4")
def test_who_is_shut_out_is_out_at_once(world: World, ben: Entered) -> None:
    key = make_key(world, KeyPurpose.PLATFORM)
    pending = use_cases.invite(
        world.desk, world.home, keeper=world.keeper, email="ben@example.org", name="Ben"
    )
    told = use_cases.deactivate(world.desk, world.home, person_id=BEN.id)
    assert (told.sessions_ended, len(told.keys_revoked)) == (1, 3)
    assert [one.name for one in told.accounts] == ["robot"], "what he answers for is named"
    assert entrance.by_session(world.keeper, ben.secret) is None
    with pytest.raises(TenutoError):
        entrance.by_key(world.keeper, key.key.reveal())
    with pytest.raises(TenutoError) as caught:
        entrance.accept_invitation(world.keeper, STRANGER, pending.token, name="Ben", password=SECOND)
    assert code_of(caught) == "govern.token_spent"
    with pytest.raises(TenutoError) as caught:
        reset(world, SECOND)
    assert code_of(caught) == "govern.email_taken"
    assert working_keys(world) == 1
    assert {"person.deactivated", "key.revoked"} <= set(events(world)), "the bell rings for the gateways"


def test_who_is_let_back_in_signs_in_and_has_none_of_the_old_keys(world: World, ben: Entered) -> None:
    use_cases.deactivate(world.desk, world.home, person_id=BEN.id)
    assert use_cases.reactivate(world.desk, world.home, person_id=BEN.id).active
    assert entrance.sign_in(world.keeper, STRANGER, "ben@example.org", FIRST)
    assert entrance.by_session(world.keeper, ben.secret) is None
    assert working_keys(world) == 1


@pytest.mark.capability("C4")
def test_a_service_account_is_shut_out_with_its_keys(world: World, ben: Entered) -> None:
    told = use_cases.deactivate_account(world.desk, world.home, name="robot")
    assert len(told.keys_revoked) == 1
    assert working_keys(world) == 1, "that of Ben"
    use_cases.reactivate_account(world.desk, world.home, name="robot")
    assert working_keys(world) == 1
    make_key(world, KeyPurpose.GATEWAY, "robot")
    assert working_keys(world) == 2


@pytest.mark.capability("C3")
def test_the_last_owner_cannot_be_shut_out(world: World, ben: Entered) -> None:
    """A second owner who is shut out already is none."""
    with world.desk.database.begin(world.home) as tx:
        grant(tx, owner(world, BEN))
    use_cases.deactivate(world.desk, world.home, person_id=BEN.id)
    with pytest.raises(TenutoError) as caught:
        use_cases.deactivate(world.desk, world.home, person_id=ANN.id)
    assert code_of(caught) == "govern.last_owner"
    use_cases.reactivate(world.desk, world.home, person_id=BEN.id)
    use_cases.deactivate(world.desk, world.home, person_id=ANN.id)


def owner(world: World, actor: Actor) -> Granted:
    return Granted(
        id=world.desk.ids.new(),
        subject_kind="person",
        subject_id=actor.id,
        role="owner",
        workspace=None,
        created_by=ANN.id,
    )
