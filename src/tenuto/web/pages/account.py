"""What people change about themselves: their password."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tenuto.govern.identities import renewal
from tenuto.govern.secret_text import SecretText
from tenuto.web.api.scopes import organisation_scope, services_of
from tenuto.web.console.entrance import LARGEST_PASSWORD, SIGN_IN, SMALLEST_PASSWORD
from tenuto.web.faults import status_of
from tenuto.web.pages.declaring import form, page
from tenuto.web.registry.words import Refusal, Route
from tenuto.web.words import Call, Flash, Input, Redirect, View

ACCOUNT = "/account"
_TITLE = "account.title"


class PasswordForm(Input, frozen=True, kw_only=True):
    current: Annotated[str, msgspec.Meta(min_length=1, max_length=LARGEST_PASSWORD)]
    new: Annotated[str, msgspec.Meta(min_length=SMALLEST_PASSWORD, max_length=LARGEST_PASSWORD)]
    revoke_keys: bool = False


def show(_call: Call, _body: None, _query: None) -> View:
    return _shown()


def change_password(call: Call, body: PasswordForm, _query: None) -> Redirect:
    """Every session ends with the old password, this one too: who knows the new one signs in."""
    renewal.change_password(
        services_of(call).keeper,
        organisation_scope(call),
        current=SecretText(body.current),
        new=SecretText(body.new),
        revoke_keys=body.revoke_keys,
    )
    return Redirect(SIGN_IN, forget_session=True, flash=Flash("account.changed"))


def refused(_call: Call, refusal: Refusal) -> View:
    return _shown(refusal)


def _shown(refusal: Refusal | None = None) -> View:
    values = {"refusal": refusal, "smallest": SMALLEST_PASSWORD}
    return View(
        "account/account.html", values, title=_TITLE, status=status_of(refusal.error) if refusal else None
    )


def routes() -> list[Route]:
    return [
        page(
            ACCOUNT,
            show,
            "What people change about themselves",
            action="govern:person:change",
            resource="Person",
            title=_TITLE,
        ),
        form(
            f"{ACCOUNT}/password",
            change_password,
            "Set a new password; every session of the caller ends",
            action="govern:person:change",
            resource="Person",
            audit="person.password_changed",
            title=_TITLE,
            body=PasswordForm,
            when_refused=refused,
        ),
    ]
