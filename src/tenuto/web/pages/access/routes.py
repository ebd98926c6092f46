"""The addresses of access."""

from __future__ import annotations

from tenuto.web.pages.access import pages
from tenuto.web.pages.access.forms import AccountForm, GrantForm, InviteForm, KeyForm, WhyForm, WhyQuery
from tenuto.web.pages.declaring import form, page
from tenuto.web.registry.words import Group, Nav, Route

_PEOPLE, _KEYS, _WHY = "access.title", "access.keys.title", "access.why.title"


def routes() -> list[Route]:
    return [*_reading_routes(), *_people_routes(), *_key_routes()]


def _reading_routes() -> list[Route]:
    return [
        page(
            pages.PEOPLE,
            pages.people,
            "People, service accounts and roles",
            action="govern:organisation:read",
            resource="Organisation",
            title=_PEOPLE,
            nav=Nav(Group.GOVERN, _PEOPLE, "access", order=1),
        ),
        page(
            pages.KEYS,
            pages.show_keys,
            "API keys",
            action="govern:api_key:read",
            resource="ApiKey",
            title=_KEYS,
        ),
        page(
            pages.WHY,
            pages.ask_why,
            "Ask why somebody may or may not do something",
            action="govern:organisation:read",
            resource="Organisation",
            title=_WHY,
            query=WhyQuery,
        ),
        form(
            pages.WHY,
            pages.why,
            "Why somebody may or may not do something",
            action="govern:policy:explain",
            resource="Workspace",
            audit="policy.explained",
            title=_WHY,
            body=WhyForm,
            when_refused=pages.refused_why,
        ),
    ]


def _people_routes() -> list[Route]:
    return [
        form(
            "/access/invite",
            pages.invite,
            "Invite a person",
            action="govern:person:invite",
            resource="Person",
            audit="person.invited",
            title=_PEOPLE,
            body=InviteForm,
            when_refused=pages.refused_people("invite"),
        ),
        form(
            "/access/accounts",
            pages.create_account,
            "Create a service account",
            action="govern:service_account:create",
            resource="ServiceAccount",
            audit="service_account.created",
            title=_PEOPLE,
            body=AccountForm,
            when_refused=pages.refused_people("account"),
        ),
        form(
            "/access/grant",
            pages.grant,
            "Give somebody a role",
            action="govern:role_binding:grant",
            resource="RoleBinding",
            audit="access.changed",
            title=_PEOPLE,
            body=GrantForm,
            when_refused=pages.refused_people("grant"),
        ),
        form(
            "/access/bindings/{binding}/revoke",
            pages.revoke,
            "Take a role away",
            action="govern:role_binding:revoke",
            resource="RoleBinding",
            audit="access.changed",
            title=_PEOPLE,
            when_refused=pages.refused_people("revoke"),
        ),
    ]


def _key_routes() -> list[Route]:
    return [
        form(
            pages.KEYS,
            pages.create_key,
            "Make a key",
            action="govern:api_key:create",
            resource="ApiKey",
            audit="key.created",
            title=_KEYS,
            body=KeyForm,
            when_refused=pages.refused_key,
        ),
        form(
            "/access/keys/{key}/revoke",
            pages.revoke_key,
            "End a key",
            action="govern:api_key:revoke",
            resource="ApiKey",
            audit="key.revoked",
            title=_KEYS,
        ),
    ]
