"""Getting in and out: signing in, the first owner, signing out, and preferences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from tenuto.web.faults import status_of
from tenuto.web.ports import Entrance, FirstOwner
from tenuto.web.registry.words import NotAudited, Public, Refusal, Route, Surface
from tenuto.web.security.cookies import LANGUAGE, THEME
from tenuto.web.words import Call, Flash, Input, Language, Redirect, Theme, View

SIGN_IN = "/sign-in"
FIRST_OWNER = "/first-owner"
SMALLEST_PASSWORD = 12  # characters
LARGEST_PASSWORD = 256

SafeNext = Callable[[str], str]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Email = Annotated[str, msgspec.Meta(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]


class NextQuery(Input, frozen=True, kw_only=True):
    next: str = "/"


class SignInForm(Input, frozen=True, kw_only=True):
    email: Email
    password: Annotated[str, msgspec.Meta(max_length=LARGEST_PASSWORD)]
    next: str = "/"


class FirstOwnerForm(Input, frozen=True, kw_only=True):
    token: Text
    name: Text
    email: Email
    password: Annotated[str, msgspec.Meta(min_length=SMALLEST_PASSWORD, max_length=LARGEST_PASSWORD)]
    organisation: Text = "Organisation"
    currency: Annotated[str, msgspec.Meta(max_length=10)] = "EUR"


class PreferencesForm(Input, frozen=True, kw_only=True):
    language: Language | None = None
    theme: Theme | None = None
    next: str = "/"


def entrance_routes(entrance: Entrance, safe_next: SafeNext) -> list[Route]:
    """Return the routes of the entrance. ``safe_next`` says where a wanted address may lead."""
    pages = EntrancePages(entrance, safe_next)
    return [*_sign_in_routes(pages), *_first_owner_routes(pages), *_everyday_routes(pages)]


def _sign_in_routes(pages: EntrancePages) -> list[Route]:
    everybody = Public("who is not signed in has to be able to")
    title = "entrance.sign_in.title"
    return [
        Route(
            "GET",
            SIGN_IN,
            handler=pages.show_sign_in,
            summary="The sign-in page",
            public=everybody,
            query=NextQuery,
            surface=Surface.CONSOLE,
            title=title,
        ),
        Route(
            "POST",
            SIGN_IN,
            handler=pages.sign_in,
            summary="Begin a session",
            public=everybody,
            audit="session.begun",
            body=SignInForm,
            surface=Surface.CONSOLE,
            title=title,
            when_refused=pages.refuse_sign_in,
        ),
    ]


def _first_owner_routes(pages: EntrancePages) -> list[Route]:
    holder = Public("nobody is known yet; the one-time token is what is asked for")
    title = "entrance.owner.title"
    return [
        Route(
            "GET",
            FIRST_OWNER,
            handler=pages.show_first_owner,
            summary="The page where the first owner makes an account",
            public=holder,
            surface=Surface.CONSOLE,
            title=title,
        ),
        Route(
            "POST",
            FIRST_OWNER,
            handler=pages.make_first_owner,
            summary="Make the first owner",
            public=holder,
            audit="owner.made",
            body=FirstOwnerForm,
            surface=Surface.CONSOLE,
            title=title,
            when_refused=pages.refuse_first_owner,
        ),
    ]


def _everyday_routes(pages: EntrancePages) -> list[Route]:
    return [
        Route(
            "POST",
            "/sign-out",
            handler=pages.sign_out,
            summary="End this session",
            public=Public("it ends nothing but the session it is called with"),
            audit="session.ended",
            surface=Surface.CONSOLE,
        ),
        Route(
            "POST",
            "/preferences",
            handler=pages.prefer,
            summary="Choose language and theme",
            public=Public("it changes two cookies of the browser that asks, and nothing here"),
            audit=NotAudited("nothing in Tenuto changes"),
            body=PreferencesForm,
            surface=Surface.CONSOLE,
        ),
    ]


class EntrancePages:
    def __init__(self, entrance: Entrance, safe_next: SafeNext) -> None:
        self._entrance = entrance
        self._safe_next = safe_next

    def show_sign_in(self, call: Call, _body: None, query: NextQuery) -> View | Redirect:
        if self._entrance.wants_first_owner():
            return Redirect(FIRST_OWNER)
        if call.caller is not None:
            return Redirect(self._safe_next(query.next))
        return _sign_in_view(query.next)

    def sign_in(self, call: Call, body: SignInForm, _query: None) -> Redirect:
        session = self._entrance.sign_in(call, body.email, body.password)
        return Redirect(self._safe_next(body.next), session=session)

    def refuse_sign_in(self, _call: Call, refusal: Refusal) -> View:
        return _sign_in_view(refusal.values.get("next", "/"), refusal)

    def show_first_owner(self, _call: Call, _body: None, _query: None) -> View | Redirect:
        return _first_owner_view() if self._entrance.wants_first_owner() else Redirect(SIGN_IN)

    def make_first_owner(self, call: Call, body: FirstOwnerForm, _query: None) -> Redirect:
        owner = FirstOwner(
            name=body.name,
            email=body.email,
            password=body.password,
            organisation=body.organisation,
            currency=body.currency,
        )
        session = self._entrance.make_first_owner(call, token=body.token, owner=owner)
        return Redirect("/", session=session, flash=Flash("entrance.owner.welcome", {"name": body.name}))

    def refuse_first_owner(self, _call: Call, refusal: Refusal) -> View:
        return _first_owner_view(refusal)

    def sign_out(self, call: Call, _body: None, _query: None) -> Redirect:
        if call.caller is not None:
            self._entrance.sign_out(call)
        return Redirect(SIGN_IN, forget_session=True, flash=Flash("entrance.signed_out"))

    def prefer(self, _call: Call, body: PreferencesForm, _query: None) -> Redirect:
        chosen = {LANGUAGE: body.language, THEME: body.theme}
        cookies = {short: value.value for short, value in chosen.items() if value is not None}
        return Redirect(self._safe_next(body.next), cookies=cookies)


def _sign_in_view(wanted: str, refusal: Refusal | None = None) -> View:
    return _form_view("entrance/sign_in.html", refusal, {"next": wanted})


def _first_owner_view(refusal: Refusal | None = None) -> View:
    return _form_view("entrance/first_owner.html", refusal, {"smallest": SMALLEST_PASSWORD})


def _form_view(template: str, refusal: Refusal | None, values: dict[str, Any]) -> View:
    """Show a form, empty or with what was typed and what is wrong with it."""
    status = status_of(refusal.error) if refusal else None
    return View(template, {"refusal": refusal, **values}, status=status)
