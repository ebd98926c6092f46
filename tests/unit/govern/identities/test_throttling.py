"""How often a password may be tried, that strangers shut nobody out, and that nothing tells who exists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from support.world import build_world
from tenuto.core.errors import TenutoError
from tenuto.core.words import ANONYMOUS, Scope
from tenuto.govern.identities import entrance, use_cases
from tenuto.govern.identities.entrance import Doorkeeper, NewOwner
from tenuto.govern.identities.tables import sign_in_attempt
from tenuto.govern.identities.throttling.rules import ADDRESS, FORGOTTEN_AFTER, HERE, PERSON
from tenuto.govern.passwords import PasswordCheck, Passwords
from tenuto.govern.secret_text import SecretText
from tenuto.govern.use_case import Desk
from tenuto.store.database import Database, Logins, Role

Shift = Callable[[timedelta], None]
EVE, PASSWORD, WRONG = "eve@example.org", "canary horse battery staple", "canary quite another"
REFUSED, TOO_OFTEN = "govern.sign_in_refused", "govern.sign_in_too_often"


class QuickPasswords(Passwords):
    """Compares texts, and counts how often it was asked to do the work of a check."""

    def __init__(self) -> None:
        super().__init__(bytes)
        self.checks: list[bool] = []

    def hash(self, password: SecretText) -> str:
        return password.reveal()

    def check(self, password: SecretText, stored: str | None) -> PasswordCheck:
        self.checks.append(stored is not None)
        return PasswordCheck(right=stored == password.reveal())


@pytest.fixture
def keeper(desk: Desk, tmp_path: Any) -> Doorkeeper:
    """The door of an installation that Eve founded at home."""
    world = build_world(desk, tmp_path)
    made = msgspec.structs.replace(world.keeper, passwords=QuickPasswords())
    token = entrance.bootstrap_token(made)
    assert token is not None
    owner = NewOwner(name="Eve", email=EVE, password=SecretText(PASSWORD))
    entrance.found(made, at("192.0.2.1"), token, owner)
    return made


def at(address: str) -> Scope:
    return Scope(ANONYMOUS, None, "test-request", address)


def attempt(keeper: Doorkeeper, address: str, email: str = EVE, password: str = WRONG) -> str:
    try:
        entrance.sign_in(keeper, at(address), email, SecretText(password))
    except TenutoError as error:
        return error.fault.code
    return "in"


def fail(keeper: Doorkeeper, times: int, address: str, email: str = EVE) -> None:
    for _ in range(times):
        assert attempt(keeper, address, email) == REFUSED


@pytest.mark.capability("C4")
def test_after_some_failures_even_the_right_password_waits(keeper: Doorkeeper, shift_clock: Shift) -> None:
    fail(keeper, HERE.free, "192.0.2.1")
    with pytest.raises(TenutoError) as caught:
        entrance.sign_in(keeper, at("192.0.2.1"), EVE, SecretText(PASSWORD))
    assert caught.value.fault.code == TOO_OFTEN
    assert caught.value.fault.retryable
    assert caught.value.context["retry_after"] == 1
    assert PASSWORD not in str(caught.value.as_json())
    shift_clock(timedelta(seconds=2))
    assert attempt(keeper, "192.0.2.1", password=PASSWORD) == "in"
    fail(keeper, HERE.free, "192.0.2.1")


@pytest.mark.capability("C4")
def test_each_further_failure_doubles_the_wait_up_to_its_limit() -> None:
    waits = [HERE.wait(failures) for failures in range(HERE.free - 1, HERE.free + 12)]
    assert waits[:6] == [0, 1, 2, 4, 8, 16]
    assert waits[-1] == HERE.longest
    assert HERE.wait(10**9) == HERE.longest


def test_failures_are_forgotten_after_a_while(keeper: Doorkeeper, shift_clock: Shift) -> None:
    fail(keeper, HERE.free, "192.0.2.1")
    shift_clock(FORGOTTEN_AFTER + timedelta(seconds=1))
    fail(keeper, HERE.free, "192.0.2.1")


@pytest.mark.capability("C4")
def test_another_process_and_a_restart_remember(keeper: Doorkeeper, logins: Logins) -> None:
    fail(keeper, HERE.free, "192.0.2.1")
    with opened(logins) as database:
        other = msgspec.structs.replace(keeper, desk=msgspec.structs.replace(keeper.desk, database=database))
        assert attempt(other, "192.0.2.1", password=PASSWORD) == TOO_OFTEN


@contextmanager
def opened(logins: Logins) -> Iterator[Database]:
    database = Database(logins)
    yield database
    database.close()


def test_attempts_at_once_are_counted_like_attempts_one_after_the_other(keeper: Doorkeeper) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: attempt(keeper, "192.0.2.1"), range(HERE.free + 15)))
    assert told.count(REFUSED) <= HERE.free + 1
    assert set(told) == {REFUSED, TOO_OFTEN}


@pytest.mark.capability("C4")
def test_an_address_that_tries_many_people_waits(keeper: Doorkeeper) -> None:
    for number in range(ADDRESS.free):
        assert attempt(keeper, "198.51.100.7", f"guess{number}@example.org") == REFUSED
    assert attempt(keeper, "198.51.100.7", "another@example.org") == TOO_OFTEN
    assert attempt(keeper, "198.51.100.8", "another@example.org") == REFUSED


@pytest.mark.capability("C4")
def test_strangers_shut_nobody_out(keeper: Doorkeeper, shift_clock: Shift) -> None:
    """Whatever is tried elsewhere, the address somebody signs in from is not made to wait for it."""
    for number in range(PERSON.free):
        assert attempt(keeper, f"198.51.{number}.1") == REFUSED
    assert attempt(keeper, "203.0.113.5", password=PASSWORD) == TOO_OFTEN
    assert attempt(keeper, "192.0.2.1", password=PASSWORD) == "in"
    shift_clock(timedelta(seconds=PERSON.longest + 1))
    assert attempt(keeper, "203.0.113.5", password=PASSWORD) == "in", "and elsewhere the wait is short"


def test_a_right_password_forgives_what_was_mistyped(keeper: Doorkeeper) -> None:
    for _ in range(4):
        fail(keeper, HERE.free - 1, "192.0.2.1")
        assert attempt(keeper, "192.0.2.1", password=PASSWORD) == "in"


def test_signing_in_oneself_does_not_buy_guesses_at_others(keeper: Doorkeeper) -> None:
    """A right password gives back its own attempt, not those that failed from the same address."""
    for number in range(ADDRESS.free):
        assert attempt(keeper, "192.0.2.1", f"guess{number}@example.org") == REFUSED
        assert attempt(keeper, "192.0.2.1", password=PASSWORD) == "in"
    assert attempt(keeper, "192.0.2.1", "another@example.org") == TOO_OFTEN


def test_a_new_invitation_lets_somebody_in_again(keeper: Doorkeeper, tmp_path: Any) -> None:
    for number in range(PERSON.free):
        attempt(keeper, f"198.51.{number}.1")
    home = at("203.0.113.9")
    invited = use_cases.invite(keeper.desk, home, keeper=keeper, email=EVE, name="Eve")
    entrance.accept_invitation(keeper, home, invited.token, name="Eve", password=SecretText(PASSWORD + "s"))
    assert attempt(keeper, "203.0.113.9", password=PASSWORD + "s") == "in"


@pytest.mark.parametrize(
    "other", ["2001:db8:1:2::9", "2001:db8:1:2:ffff:ffff:ffff:ffff"], ids=["near", "far in the same network"]
)
def test_one_network_is_one_address_however_many_it_has(keeper: Doorkeeper, other: str) -> None:
    fail(keeper, HERE.free, "2001:db8:1:2::1")
    assert attempt(keeper, other) == TOO_OFTEN
    assert attempt(keeper, "2001:db8:1:3::1") == REFUSED


def test_an_address_in_another_spelling_is_the_same(keeper: Doorkeeper) -> None:
    fail(keeper, HERE.free, "198.51.100.9", " EVE@example.org")
    assert attempt(keeper, "::ffff:198.51.100.9") == TOO_OFTEN


@pytest.mark.capability("C4")
@pytest.mark.parametrize("email", [EVE, "nobody@example.org", "ann@example.org"])
def test_the_same_is_done_and_said_whoever_there_is(keeper: Doorkeeper, email: str) -> None:
    """Nobody can tell by answer, or by the work that is done, who has an account or a password."""
    assert isinstance(keeper.passwords, QuickPasswords)
    fail(keeper, HERE.free, "198.51.100.9", email)
    assert len(keeper.passwords.checks) == HERE.free
    assert attempt(keeper, "198.51.100.9", email) == TOO_OFTEN
    assert len(keeper.passwords.checks) == HERE.free, "no password is looked at while one waits"
    with keeper.desk.database.begin(at("")) as tx:
        kept = str([tuple(row) for row in tx.rows(sa.select(sign_in_attempt))])
    assert email not in kept
    assert "198.51.100.9" not in kept


def test_counts_of_no_more_use_are_deleted(keeper: Doorkeeper, shift_clock: Shift) -> None:
    for number in range(12):
        attempt(keeper, f"198.51.{number}.1", f"guess{number}@example.org")
    shift_clock(timedelta(days=1, minutes=1))
    attempt(keeper, "203.0.113.5")
    with keeper.desk.database.begin(at(""), Role.SYSTEM) as tx:
        left = tx.rows(sa.select(sign_in_attempt))
    assert len(left) == 3 + 1, "those of the last attempt, and the address that Eve is known at"
