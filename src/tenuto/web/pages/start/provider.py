"""From a form to the documents that declare a provider, and the egress rule that it may need."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.client.words import Origin, split_base
from tenuto.gateway.declared.errors import PROVIDER_INVALID
from tenuto.govern.resources.words import Document
from tenuto.web.pages.start.forms import ProviderForm
from tenuto.web.services import ProviderChoice, Services


class Proposal(msgspec.Struct, frozen=True):
    """Where calls would go, told before anything is declared. ``private`` is a guess from the host's name."""

    form: ProviderForm
    base_url: str
    origin: Origin
    needs_rule: bool
    private: bool

    @property
    def plain(self) -> bool:
        """Prompts and key would travel unencrypted."""
        return self.origin.scheme == "http"


def propose(services: Services, form: ProviderForm) -> Proposal:
    chosen = _chosen(services, form)
    base_url = form.base_url or chosen.base_url
    if not base_url:
        raise TenutoError(PROVIDER_INVALID, f"`{chosen.profile}` has no address of its own: give a base URL")
    origin, _ = split_base(base_url)
    known = origin.scheme == "https" and (origin.host, origin.port) in services.known_hosts
    return Proposal(form, base_url, origin, not known, _looks_private(origin.host))


def documents_of(services: Services, proposal: Proposal) -> list[Document]:
    form = proposal.form
    chosen = _chosen(services, form)
    spec = {
        "dialect": chosen.dialect,
        "profile": chosen.profile,
        "base_url": form.base_url,
        "secret": secret_name(form.name) if form.keyed else None,
    }
    documents = [Document("Provider", form.name, spec)]
    if proposal.needs_rule:
        rule = {"host": proposal.origin.host, "port": proposal.origin.port, "private": form.private}
        documents.append(Document("EgressRule", form.name, rule))
    return documents


def secret_name(provider: str) -> str:
    return f"{provider}-key"


def _chosen(services: Services, form: ProviderForm) -> ProviderChoice:
    dialect, _, profile = form.choice.partition("/")
    for choice in services.choices:
        if (choice.dialect, choice.profile) == (dialect, profile):
            return choice
    raise TenutoError(PROVIDER_INVALID, f"no family of servers is called `{form.choice}`")


def _looks_private(host: str) -> bool:
    """Tell by its name whether a host lies on this machine or in a network of one's own."""
    try:
        return not ip_address(urlsplit(f"//{host}").hostname or host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan"))
