"""The addresses of access."""

from __future__ import annotations

from tenuto.web.pages.access import pages, policies
from tenuto.web.pages.access.forms import AccountForm, GrantForm, InviteForm, KeyForm, WhyForm, WhyQuery
from tenuto.web.pages.declaring import form, page
from tenuto.web.registry.words import Group, Handler, Nav, Route

_PEOPLE, _KEYS, _WHY = "access.title", "access.keys.title", "access.why.title"


def routes() -> list[Route]:
    return [*_reading_routes(), *_people_routes(), *_shutting_routes(), *_key_routes()]


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
            policies.POLICIES,
            policies.show,
            "What each role can allow, and the policies in Cedar",
            action="govern:organisation:read",
            resource="Organisation",
            title="access.policies.title",
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


def _shutting_routes() -> list[Route]:
    def shutting(path: str, handler: Handler, summary: str, kind: str, audit: str) -> Route:
        action = "govern:person:deactivate" if kind == "Person" else "govern:service_account:deactivate"
        return form(
            f"/access/{path}",
            handler,
            summary,
            action=action,
            resource=kind,
            audit=audit,
            title=_PEOPLE,
            when_refused=pages.refused_people("shut"),
        )

    person, account = "people/{person}", "accounts/{name}"
    return [
        shutting(f"{person}/shut-out", pages.shut_out, "Shut a person out", "Person", "person.deactivated"),
        shutting(f"{person}/let-in", pages.let_in, "Let a person back in", "Person", "person.reactivated"),
        shutting(
            f"{account}/shut-out",
            pages.shut_account_out,
            "Shut a service account out",
            "ServiceAccount",
            "service_account.deactivated",
        ),
        shutting(
            f"{account}/let-in",
            pages.let_account_in,
            "Let a service account back in",
            "ServiceAccount",
            "service_account.reactivated",
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
