"""The addresses of providers and secrets."""

from __future__ import annotations

from tenuto.web.pages.declaring import form, page
from tenuto.web.pages.providers import pages
from tenuto.web.pages.providers.pages import ReplaceForm, SecretForm
from tenuto.web.registry.words import Group, Nav, Route

_TITLE = "providers.title"


def routes() -> list[Route]:
    return [
        page(
            pages.PROVIDERS,
            pages.show,
            "Providers, routes and secrets",
            action="govern:resource:read",
            resource="Provider",
            title=_TITLE,
            nav=Nav(Group.SETTINGS, "providers.providers", "settings"),
        ),
        form(
            f"{pages.PROVIDERS}/{{name}}/test",
            pages.try_provider,
            "Ask a provider for its models",
            action="gateway:provider:test",
            resource="Provider",
            audit="provider.tested",
            title=_TITLE,
        ),
        *_secret_routes(),
    ]


def _secret_routes() -> list[Route]:
    return [
        form(
            "/secrets",
            pages.write,
            "Write a secret",
            action="govern:secret:write",
            resource="Secret",
            audit="secret.written",
            title=_TITLE,
            body=SecretForm,
            when_refused=pages.refused,
        ),
        form(
            "/secrets/{name}/replace",
            pages.replace,
            "Write the next version of a secret",
            action="govern:secret:write",
            resource="Secret",
            audit="secret.written",
            title=_TITLE,
            body=ReplaceForm,
            when_refused=pages.refused,
        ),
        form(
            "/secrets/{name}/delete",
            pages.delete,
            "Delete a secret",
            action="govern:secret:delete",
            resource="Secret",
            audit="secret.deleted",
            title=_TITLE,
        ),
    ]
