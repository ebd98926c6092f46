"""Asking the person at the terminal. Secrets come from a prompt or from standard input, never as arguments."""

from __future__ import annotations

import sys
from getpass import getpass

from tenuto.cli.errors import NO_TERMINAL, NOT_CONFIRMED
from tenuto.core.errors import TenutoError


def is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, option: str) -> str:
    """Return what the person types. ``option`` says how to answer without a terminal."""
    _require_terminal(option)
    print(f"{question}: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def ask_secret(question: str, option: str) -> str:
    """Return what the person types unseen."""
    _require_terminal(option)
    return getpass(f"{question}: ", stream=sys.stderr)


def ask_new_password(option: str) -> str:
    """Return a password that was typed the same twice."""
    password = ask_secret("Password, 12 characters at least", option)
    if ask_secret("The same again", option) != password:
        raise TenutoError(NOT_CONFIRMED, "the two passwords differ")
    return password


def lines_of_stdin(count: int) -> list[str]:
    """Return that many lines of standard input, without their ends. A missing one is empty."""
    return [sys.stdin.readline().rstrip("\r\n") for _ in range(count)]


def confirm(question: str, option: str) -> None:
    """Raise unless the person says yes."""
    if ask(f"{question} [y/N]", option).lower() not in {"y", "yes"}:
        raise TenutoError(NOT_CONFIRMED)


def _require_terminal(option: str) -> None:
    if not is_terminal():
        raise TenutoError(NO_TERMINAL, option)
