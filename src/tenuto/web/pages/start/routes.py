"""The addresses of the guide."""

from __future__ import annotations

from tenuto.web.pages.declaring import FOLLOWS, form, page
from tenuto.web.pages.start import pages
from tenuto.web.pages.start.forms import KeyForm, ProviderForm, RouteForm, SecretForm, WorkspaceForm
from tenuto.web.registry.words import Route

_TITLE = "start.title"


def routes() -> list[Route]:
    return [*_reading_routes(), *_declaring_routes(), *_secret_routes()]


def _reading_routes() -> list[Route]:
    return [
        page(
            pages.START,
            pages.show,
            "The first-run guide",
            action="govern:resource:read",
            resource="Resource",
            title=_TITLE,
        ),
        page(
            "/start/first-call",
            pages.first_call,
            "Tells when the first call has come",
            action="spend:ledger:read",
            resource="Ledger",
            audit=FOLLOWS,
            title=_TITLE,
        ),
    ]


def _declaring_routes() -> list[Route]:
    def declaring(path: str, handler: object, summary: str, kind: str, body: object, step: str) -> Route:
        return form(
            path,
            handler,  # type: ignore[arg-type]  # each takes its own body
            summary,
            action="govern:resource:apply",
            resource=kind,
            audit="resource.applied",
            title=_TITLE,
            body=body,
            when_refused=pages.refused(step),
        )

    return [
        declaring(
            "/start/workspace",
            pages.make_workspace,
            "Make a workspace",
            "Workspace",
            WorkspaceForm,
            "workspace",
        ),
        declaring(
            "/start/provider", pages.add_provider, "Add a provider", "Provider", ProviderForm, "provider"
        ),
        declaring("/start/route", pages.add_route, "Add a route", "Route", RouteForm, "route"),
    ]


def _secret_routes() -> list[Route]:
    return [
        form(
            "/start/secret",
            pages.keep_secret,
            "Keep a provider's key",
            action="govern:secret:write",
            resource="Secret",
            audit="secret.written",
            title=_TITLE,
            body=SecretForm,
            when_refused=pages.refused("secret"),
        ),
        form(
            "/start/test",
            pages.try_provider,
            "Ask the provider for its models",
            action="gateway:provider:test",
            resource="Provider",
            audit="provider.tested",
            title=_TITLE,
        ),
        form(
            "/start/key",
            pages.make_key,
            "Make a gateway key",
            action="govern:api_key:create",
            resource="ApiKey",
            audit="key.created",
            title=_TITLE,
            body=KeyForm,
            when_refused=pages.refused("key"),
        ),
    ]
