"""People and service accounts: ``tenuto person``, ``tenuto service-account``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from cyclopts import Parameter

from tenuto.cli import asking
from tenuto.cli.commands.sign_in import keep_entered
from tenuto.cli.groups import group
from tenuto.cli.options import ANY_PLATFORM, Platform
from tenuto.cli.output import Line, show, table
from tenuto.cli.session import platform
from tenuto.cli.telling import names_of
from tenuto.client.api import Tenuto
from tenuto.client.words import Invited, Items, Person, ServiceAccount, ShutOut

person = group(
    "person",
    "Invite people, list them, shut them out.",
    'tenuto person invite ben@example.com --name "Ben Okri"',
    "tenuto person list",
)
account = group(
    "service-account",
    "Make identities for programs, list them, shut them out.",
    "tenuto service-account create nightly-training",
    "tenuto service-account list",
)


@person.command
def invite(email: str, /, *, name: str, options: Platform = ANY_PLATFORM) -> None:
    """Make a person known, and print the token to hand over. It is shown this once, and good for seven days.

    For example:

        tenuto person invite ben@example.com --name "Ben Okri"

    Args:
        email: The person's e-mail address.
        name: The person's name.
    """
    with platform(options) as client:
        invited = client.identities.invite(email=email, name=name)
    show(invited, _invited, as_json=options.json)


@person.command(name="list")
def list_people(*, options: Platform = ANY_PLATFORM) -> None:
    """List who is known here.

    For example:

        tenuto person list
    """
    with platform(options) as client:
        found = client.identities.people()
    show(Items(found), _people, as_json=options.json)


@person.command
def deactivate(who: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """Shut somebody out: their sessions, keys and invitations end at once. Roles and history stay.

    For example:

        tenuto person deactivate ben@example.com

    Args:
        who: The person's e-mail address.
    """
    with platform(options) as client:
        done = client.identities.deactivate(_person_id(client, who))
    show(done, _shut_out, as_json=options.json)


@person.command
def reactivate(who: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """Let somebody in again who was shut out. Keys that ended stay ended.

    For example:

        tenuto person reactivate ben@example.com

    Args:
        who: The person's e-mail address.
    """
    with platform(options) as client:
        back = client.identities.reactivate(_person_id(client, who))
    show(back, lambda one: [f"{one.name} <{one.email}> may sign in again"], as_json=options.json)


@person.command
def accept(
    *,
    name: str,
    stdin: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    options: Platform = ANY_PLATFORM,
) -> None:
    """Take up an invitation: set your password, and sign in.

    Token and password are asked for; with `--stdin` they are read from standard input, a line each.

        tenuto person accept --name "Ben Okri"
        { echo "$token"; echo "$password"; } | tenuto person accept --name Ben --stdin

    Args:
        name: Your name.
        stdin: Read the token and the password from standard input.
    """
    if stdin:
        token, password = asking.lines_of_stdin(2)
    else:
        token = asking.ask_secret("Token of the invitation", "--stdin")
        password = asking.ask_new_password("--stdin")
    keep_entered(
        options,
        lambda client: client.identities.accept(token=token.strip(), name=name, password=password),
    )


@account.command
def create(name: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """Make a service account. You answer for what it does; give it a key with `tenuto key create`.

    For example:

        tenuto service-account create nightly-training

    Args:
        name: What it is called.
    """
    with platform(options) as client:
        made = client.identities.create_account(name=name)
    show(made, lambda one: [f"service account {one.name} made ({one.id})"], as_json=options.json)


@account.command(name="list")
def list_accounts(*, options: Platform = ANY_PLATFORM) -> None:
    """List the service accounts, and who answers for each.

    For example:

        tenuto service-account list
    """
    with platform(options) as client:
        found = client.identities.accounts()
        show(Items(found), lambda told: _accounts(told, names_of(client)), as_json=options.json)


@account.command(name="deactivate")
def deactivate_account(name: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """Shut a service account out: its keys end at once.

    For example:

        tenuto service-account deactivate nightly-training

    Args:
        name: The name of the service account.
    """
    with platform(options) as client:
        done = client.identities.deactivate_account(name)
    show(done, _shut_out, as_json=options.json)


@account.command(name="reactivate")
def reactivate_account(name: str, /, *, options: Platform = ANY_PLATFORM) -> None:
    """Let a service account in again. Keys that ended stay ended: make it a new one.

    For example:

        tenuto service-account reactivate nightly-training

    Args:
        name: The name of the service account.
    """
    with platform(options) as client:
        back = client.identities.reactivate_account(name)
    show(back, lambda one: [f"service account {one.name} may act again"], as_json=options.json)


def _person_id(client: Tenuto, who: str) -> str:
    """Return the id of the person with that address. An id goes as it is, and so does what nobody has."""
    wanted = who.strip().lower()
    return next((one.id for one in client.identities.people() if one.email.lower() == wanted), who)


def _shut_out(done: ShutOut) -> Iterator[Line]:
    yield f"{done.actor.name} is shut out: {done.sessions_ended} sessions and {len(done.keys_revoked)} keys ended"
    for one in done.accounts:
        yield f"still active, and theirs to answer for: service account {one.name}"


def _invited(invited: Invited) -> Iterator[Line]:
    yield f"{invited.person.name} <{invited.person.email}> is invited"
    yield f"token: {invited.token}"
    yield "hand it over; it is taken up on the console or with `tenuto person accept`, within seven days"


def _people(found: Items[Person]) -> list[Line]:
    rows = [(one.email, one.name, one.active, one.id) for one in found.items]
    return table(["E-MAIL", "NAME", "ACTIVE", "ID"], rows, empty="nobody is known yet")


def _accounts(found: Items[ServiceAccount], names: Mapping[str, str]) -> list[Line]:
    rows = [(one.name, names.get(one.owner_id, one.owner_id), one.active, one.id) for one in found.items]
    return table(["NAME", "OWNER", "ACTIVE", "ID"], rows, empty="no service accounts")
