from __future__ import annotations

import os
import threading

import pytest
from argon2 import PasswordHasher, extract_parameters

from tenuto.core.errors import TenutoError
from tenuto.govern import passwords as module
from tenuto.govern.errors import PASSWORD_BROKEN, PASSWORD_WEAK, SIGN_IN_BUSY
from tenuto.govern.passwords import PasswordCheck, Passwords, require_strong
from tenuto.govern.secret_text import SecretText

GOOD = SecretText("correct horse battery")
PASSWORDS = Passwords(os.urandom)
STORED = PASSWORDS.hash(GOOD)


def test_the_parameters_are_those_decided() -> None:
    found = extract_parameters(STORED)
    assert (found.time_cost, found.memory_cost, found.parallelism) == (2, 46 * 1024, 1)
    assert STORED.startswith("$argon2id$v=19$")
    assert PASSWORDS.hash(GOOD) != STORED


def test_right_and_wrong() -> None:
    assert PASSWORDS.check(GOOD, STORED) == PasswordCheck(right=True, outdated=False)
    assert PASSWORDS.check(SecretText("correct horse batterz"), STORED) == PasswordCheck(right=False)
    assert PASSWORDS.check(SecretText("\udc80"), STORED) == PasswordCheck(right=False)


def test_the_same_password_from_another_keyboard_is_right() -> None:
    stored = PASSWORDS.hash(SecretText("crème brûlée à midi"))
    decomposed = "cre\u0300me bru\u0302le\u0301e a\u0300 midi"
    assert PASSWORDS.check(SecretText(decomposed), stored).right


def test_nobody_costs_the_same_work_and_is_never_right() -> None:
    assert extract_parameters(module._NOBODY) == extract_parameters(STORED)
    assert PASSWORDS.check(GOOD, None) == PasswordCheck(right=False)
    assert PASSWORDS.check(SecretText(""), None) == PasswordCheck(right=False)


def test_a_hash_of_older_parameters_asks_to_be_renewed() -> None:
    older = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(GOOD.reveal())
    assert PASSWORDS.check(GOOD, older) == PasswordCheck(right=True, outdated=True)
    assert PASSWORDS.check(SecretText("wrong"), older) == PasswordCheck(right=False)


@pytest.mark.parametrize(
    "stored",
    ["", "plain", STORED[:40], STORED.replace("argon2id", "argon2x")],
    ids=["empty", "no hash", "cut short", "another kind"],
)
def test_a_broken_hash_is_an_error_not_a_no(stored: str) -> None:
    with pytest.raises(TenutoError) as caught:
        PASSWORDS.check(GOOD, stored)
    assert caught.value.fault is PASSWORD_BROKEN


def test_no_more_than_the_slots_run_at_once_and_who_waits_too_long_is_sent_away() -> None:
    """The source of salt stands still, and so holds its slot."""
    entered, go_on = threading.Semaphore(0), threading.Event()

    def standing_still(size: int) -> bytes:
        entered.release()
        assert go_on.wait(30)
        return os.urandom(size)

    guarded = Passwords(standing_still, slots=2, patience=0.05)
    busy = [threading.Thread(target=guarded.hash, args=(GOOD,)) for _ in range(2)]
    for thread in busy:
        thread.start()
    for _ in busy:
        assert entered.acquire(timeout=30)
    with pytest.raises(TenutoError) as caught:
        guarded.check(GOOD, STORED)
    assert caught.value.fault is SIGN_IN_BUSY
    assert caught.value.fault.retryable
    go_on.set()
    for thread in busy:
        thread.join(30)
    assert guarded.check(GOOD, STORED).right


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("short", "5 characters"),
        ("elevenchars", "11 characters"),
        ("x" * 513, "513 characters"),
        ("aaaaaaaaaaaaaaa", "different characters"),
        ("abababababab", "different characters"),
        ("anna.bergström@example.org", "your name"),
        ("Anna Bergström", "your name"),
        ("annabergström1", "your name"),
        ("bergströmbergström", "your name"),
        ("anna@example1234", "your name"),
        ("good enough\x00password", "control"),
        ("good enough\udc80password", "control"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(TenutoError) as caught:
        require_strong(SecretText(text), name="Anna Bergström", email="anna.bergström@example.org")
    assert caught.value.fault is PASSWORD_WEAK
    assert said in caught.value.detail
    assert text not in caught.value.detail


@pytest.mark.parametrize(
    "text", ["correct horse battery", "Tr0ub4dor&3xyz", "zwölf Zeichen!", "anna likes mountains"]
)
def test_strong_passwords_are_taken(text: str) -> None:
    require_strong(SecretText(text), name="Anna Bergström", email="anna.bergström@example.org")


def test_a_person_without_a_telling_name_is_no_obstacle() -> None:
    require_strong(GOOD, name="Al", email="")
