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
from tenuto.client.words import Invited, Items, Person, ServiceAccount

person = group(
    "person",
    "Invite people, and list them.",
    'tenuto person invite ben@example.com --name "Ben Okri"',
    "tenuto person list",
)
account = group(
    "service-account",
    "Make identities for programs, and list them.",
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
