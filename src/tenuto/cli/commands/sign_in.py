"""Getting in and out: ``setup``, ``login``, ``logout``, ``password``, ``whoami``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec
from cyclopts import Parameter

from tenuto.cli import asking
from tenuto.cli.errors import SIGNED_OUT
from tenuto.cli.logins import Login
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import Line, facts, note, short_time, show
from tenuto.cli.session import Place, place_of, platform
from tenuto.client.api import Tenuto
from tenuto.client.http import parse_address
from tenuto.client.words import LoggedIn, NewPassword, Who
from tenuto.core.errors import TenutoError

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
_ANONYMOUS = "anonymous"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SignedIn(msgspec.Struct, frozen=True):
    """What is told of a sign-in. The key itself is kept and not shown."""

    address: str
    email: str
    name: str
    expires_at: str


class SignedOut(msgspec.Struct, frozen=True):
    address: str
    revoked: bool


def setup(
    *,
    email: str,
    name: str,
    organisation: str = "Organisation",
    currency: str = "EUR",
    stdin: Flag = False,
    options: Platform = ANY_PLATFORM,
) -> None:
    """Make the first owner with the one-time token that `tenuto up` printed, and sign in.

    Token and password are asked for; with `--stdin` they are read from standard input, a line each.

        tenuto setup --email ann@example.com --name Ann --organisation "Example" --currency EUR
        { echo "$token"; echo "$password"; } | tenuto setup --email ann@example.com --name Ann --stdin

    Args:
        email: Your e-mail address; you sign in with it.
        name: Your name.
        organisation: The name of your organisation.
        currency: The one currency that all money is counted in (ISO 4217).
        stdin: Read the token and the password from standard input.
    """
    if stdin:
        token, password = asking.lines_of_stdin(2)
    else:
        token = asking.ask_secret("One-time token", "--stdin")
        password = asking.ask_new_password("--stdin")
    keep_entered(
        options,
        lambda client: client.identities.setup(
            token=token.strip(),
            name=name,
            email=email,
            password=password,
            organisation=organisation,
            currency=currency,
        ),
    )


def login(*, email: str = "", stdin: Flag = False, options: Platform = ANY_PLATFORM) -> None:
    """Sign in to a platform and keep the key for twelve hours.

    The key lies in your configuration folder, readable for you alone, one for each address. It is never shown.
    Programs better use a key of their own in TENUTO_TOKEN: see `tenuto key create`.

        tenuto login --email ann@example.com
        tenuto login --url https://tenuto.example.com --email ann@example.com --stdin < password.txt

    Args:
        email: Your e-mail address; asked for when left out.
        stdin: Read the password from standard input.
    """
    address = email or asking.ask("E-mail address", "--email")
    if stdin:
        [password] = asking.lines_of_stdin(1)
    else:
        password = asking.ask_secret("Password", "--stdin")
    keep_entered(options, lambda client: client.identities.login(email=address, password=password))


def logout(*, options: Platform = ANY_PLATFORM) -> None:
    """End the sign-in: revoke its key on the platform, and forget it here.

    For example:

        tenuto logout
        tenuto logout --url https://tenuto.example.com
    """
    place = place_of(options)
    kept = place.logins.of(place.address)
    if kept is None:
        raise TenutoError(SIGNED_OUT, place.address)
    try:
        _revoke(place.address, kept)
    finally:
        place.logins.forget(place.address)
    told = SignedOut(place.address, revoked=True)
    show(told, lambda out: [f"signed out of {out.address}"], as_json=options.json)


def password(*, revoke_keys: Flag = False, stdin: Flag = False, options: Platform = ANY_PLATFORM) -> None:
    """Set a new password of yours. Every session on the console ends; keys work on unless you say otherwise.

    Both are asked for; with `--stdin` they are read from standard input, a line each: the current, the new.

        tenuto password
        tenuto password --revoke-keys

    Args:
        revoke_keys: End all your keys too, this sign-in with them.
        stdin: Read the current and the new password from standard input.
    """
    if stdin:
        current, new = asking.lines_of_stdin(2)
    else:
        current = asking.ask_secret("Current password", "--stdin")
        new = asking.ask_new_password("--stdin")
    with platform(options) as client:
        done = client.identities.change_password(current=current, new=new, revoke_keys=revoke_keys)
    show(done, _password_set, as_json=options.json)


def whoami(*, options: Platform = ANY_PLATFORM) -> None:
    """Say who you are to the platform, and in which workspace you work.

    For example:

        tenuto whoami
        tenuto whoami --json
    """
    with platform(options) as client:
        who = client.identities.whoami()
    if who.actor.kind == _ANONYMOUS:
        raise TenutoError(SIGNED_OUT, place_of(options).address)
    show(who, lambda who: _told_of(who, place_of(options)), as_json=options.json)


def keep_entered(options: Platform, enter: Callable[[Tenuto], LoggedIn]) -> None:
    """Let somebody come in, keep the key, and tell what may be told of it."""
    place = place_of(options)
    _warn_of_open_road(place.address)
    # Who comes in has no key yet, or one that is of no use: none is shown.
    with Tenuto(place.address) as client:
        entered = enter(client)
    person = entered.person
    place.logins.keep(place.address, Login(entered.key, person.email, entered.expires_at))
    told = SignedIn(place.address, person.email, person.name, short_time(entered.expires_at))
    show(told, _signed_in, as_json=options.json)


def _signed_in(signed_in: SignedIn) -> Iterator[Line]:
    yield f"signed in to {signed_in.address} as {signed_in.name} <{signed_in.email}>"
    yield f"until {signed_in.expires_at}"


def _password_set(done: NewPassword) -> Iterator[Line]:
    yield f"the password of {done.person.email} is set; {done.sessions_ended} sessions ended"
    for key in done.keys:
        state = "ended" if done.keys_revoked else "works on"
        yield f"key {key.name} ({key.id}) {state}"


def _told_of(who: Who, place: Place) -> list[Line]:
    return facts(
        [
            ("platform", place.address),
            (who.actor.kind.replace("_", " "), who.actor.name),
            ("id", who.actor.id),
            ("owner", who.actor.owner),
            ("workspace", place.workspace),
        ]
    )


def _revoke(address: str, login: Login) -> None:
    from tenuto.govern.apikeys import parse

    with Tenuto(address, login.key) as client:
        client.identities.revoke_key(parse(login.key).id)


def _warn_of_open_road(address: str) -> None:
    found = parse_address(address)
    if not found.secure and found.host not in _LOOPBACK:
        note(f"warning: {address} is not encrypted: whoever is on the way can read the key")
