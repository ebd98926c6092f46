"""Where an invited person sets a first password."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tenuto.govern.identities import entrance
from tenuto.govern.secret_text import SecretText
from tenuto.web.api.scopes import organisation_scope, services_of
from tenuto.web.console.entrance import LARGEST_PASSWORD, SMALLEST_PASSWORD, Text
from tenuto.web.faults import status_of
from tenuto.web.registry.words import Public, Refusal, Route, Surface
from tenuto.web.words import Call, Flash, Input, NewSession, Redirect, View

_TITLE = "invitation.title"


class TokenQuery(Input, frozen=True, kw_only=True):
    """``token`` comes with the link that was handed over; without it, it is typed."""

    token: str = ""


class AcceptForm(Input, frozen=True, kw_only=True):
    token: Text
    name: Text
    password: Annotated[str, msgspec.Meta(min_length=SMALLEST_PASSWORD, max_length=LARGEST_PASSWORD)]


def show(_call: Call, _body: None, query: TokenQuery) -> View:
    return _view(query.token)


def accept(call: Call, body: AcceptForm, _query: None) -> Redirect:
    entered = entrance.accept_invitation(
        services_of(call).keeper,
        organisation_scope(call),
        SecretText(body.token.strip()),
        name=body.name,
        password=SecretText(body.password),
    )
    session = NewSession(entered.secret.reveal(), entered.expires_at)
    return Redirect("/", session=session, flash=Flash("invitation.welcome", {"name": entered.person.name}))


def refused(_call: Call, refusal: Refusal) -> View:
    return msgspec.structs.replace(_view("", refusal), status=status_of(refusal.error))


def _view(token: str, refusal: Refusal | None = None) -> View:
    return View(
        "entrance/invitation.html", {"token": token, "refusal": refusal, "smallest": SMALLEST_PASSWORD}
    )


def routes() -> list[Route]:
    holder = Public("nobody is known yet; the invitation's token is what is asked for")
    return [
        Route(
            "GET",
            "/invitation",
            handler=show,
            summary="The page where an invited person sets a password",
            public=holder,
            query=TokenQuery,
            surface=Surface.CONSOLE,
            title=_TITLE,
        ),
        Route(
            "POST",
            "/invitation",
            handler=accept,
            summary="Accept an invitation",
            public=holder,
            audit="invitation.accepted",
            body=AcceptForm,
            surface=Surface.CONSOLE,
            title=_TITLE,
            when_refused=refused,
        ),
    ]
