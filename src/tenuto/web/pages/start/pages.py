"""The guide: one page whose open step is the next thing to do."""

from __future__ import annotations

from typing import Any

from tenuto.core.errors import TenutoError
from tenuto.gateway.declared.words import ProviderTrial
from tenuto.govern.identities import use_cases as identities
from tenuto.govern.identities.words import KeyPurpose
from tenuto.govern.resources import use_cases as resources
from tenuto.govern.resources.errors import RESOURCE_UNKNOWN
from tenuto.govern.resources.words import Document
from tenuto.govern.secret_text import SecretText
from tenuto.govern.secrets import use_cases as secrets
from tenuto.govern.workspaces.errors import WORKSPACE_NEEDED
from tenuto.spend import use_cases as spend
from tenuto.spend.use_cases import LedgerFilter
from tenuto.web.api.scopes import organisation_scope, services_of
from tenuto.web.faults import status_of
from tenuto.web.pages.place import standing, working_scope
from tenuto.web.pages.start.forms import KeyForm, ProviderForm, RouteForm, SecretForm, WorkspaceForm
from tenuto.web.pages.start.progress import Progress, progress_of
from tenuto.web.pages.start.provider import documents_of, propose, secret_name
from tenuto.web.pages.start.samples import samples
from tenuto.web.registry.words import Refusal
from tenuto.web.security.cookies import WORKSPACE
from tenuto.web.services import ProviderChoice, Services
from tenuto.web.words import Call, Flash, Live, LiveEvent, Redirect, Tick, View

START = "/start"
_TEMPLATE = "start/start.html"
_PLACEHOLDER = "..."


def guide(call: Call, *, status: int | None = None, **more: Any) -> View:
    stands = standing(call)
    services = services_of(call)
    progress = progress_of(call, stands)
    made, trial = more.get("made_key"), more.get("trial")
    values: dict[str, Any] = {
        "progress": progress,
        "currency": stands.currency,
        "families": families(services),
        "models": [(model, model) for model in trial.models] if trial else [],
        "samples": samples(services.address, progress.route or "assistant", made or _PLACEHOLDER),
        "refused": "",
        "refusal": None,
        "proposal": None,
        "trial": None,
        "made_key": None,
    }
    return View(_TEMPLATE, values | more, title="start.title", status=status)


def show(call: Call, _body: None, _query: None) -> View:
    return guide(call)


def refused(step: str) -> Any:
    """Return what shows the guide again, with the problem in the step that was sent."""

    def again(call: Call, refusal: Refusal) -> View:
        return guide(call, refusal=refusal, refused=step, status=status_of(refusal.error))

    return again


def make_workspace(call: Call, body: WorkspaceForm, _query: None) -> Redirect:
    services = services_of(call)
    document = Document("Workspace", body.name, {"environment": body.environment.value})
    resources.apply(services.desk, organisation_scope(call), kinds=services.kinds, documents=[document])
    flash = Flash("start.workspace_made", {"name": body.name})
    return Redirect(START, flash=flash, cookies={WORKSPACE: body.name})


def add_provider(call: Call, body: ProviderForm, _query: None) -> View | Redirect:
    """Declare the provider; where a rule for its host is needed, say so first and ask."""
    services = services_of(call)
    proposal = propose(services, body)
    if proposal.needs_rule and not body.confirmed:
        return guide(call, proposal=proposal)
    documents = documents_of(services, proposal)
    resources.apply(services.desk, organisation_scope(call), kinds=services.kinds, documents=documents)
    return Redirect(START, flash=Flash("start.provider_made", {"name": body.name}))


def keep_secret(call: Call, body: SecretForm, _query: None) -> Redirect:
    services, scope = services_of(call), organisation_scope(call)
    name = secret_name(_chosen(call))
    value = SecretText(body.secret)
    secrets.write_secret(services.desk, scope, vault=services.vault, name=name, value=value)
    return Redirect(START, flash=Flash("start.secret_kept", {"name": name}))


def try_provider(call: Call, _body: None, _query: None) -> View:
    trial: ProviderTrial = services_of(call).tester.test(organisation_scope(call), _chosen(call))
    return guide(call, trial=trial)


def add_route(call: Call, body: RouteForm, _query: None) -> Redirect:
    services, here = services_of(call), standing(call).here
    if here is None:
        raise TenutoError(WORKSPACE_NEEDED)
    spec = {"upstreams": [{"provider": _chosen(call), "model": body.model}]}
    document = Document("Route", body.name, spec, here.name)
    resources.apply(services.desk, organisation_scope(call), kinds=services.kinds, documents=[document])
    return Redirect(START, flash=Flash("start.route_made", {"name": body.name}))


def make_key(call: Call, body: KeyForm, _query: None) -> View:
    """Make a gateway key and show it, this once: so the page is the answer and nothing keeps it."""
    services = services_of(call)
    made = identities.create_key(
        services.desk,
        working_scope(call),
        keeper=services.keeper,
        name=body.name,
        purpose=KeyPurpose.GATEWAY,
    )
    return guide(call, made_key=made.key.reveal())


def first_call(call: Call, _body: None, _query: None) -> Live:
    """Tell when the first call has come through."""
    desk, scope, currency = services_of(call).desk, working_scope(call), standing(call).currency

    def read(_cursor: str) -> Tick:
        calls = spend.ledger(desk, scope, wanted=LedgerFilter(limit=1))
        if not calls:
            return Tick("waiting")
        values = {"progress": Progress(call=calls[0]), "currency": currency}
        return Tick("there", (LiveEvent(View(_TEMPLATE, values, fragment="arrived")),), done=True)

    return Live(read)


def families(services: Services) -> list[tuple[str, str]]:
    """Return what can be declared as a provider, as the choices of a form."""
    return [_family(choice) for choice in services.choices]


def _family(choice: ProviderChoice) -> tuple[str, str]:
    shown = f"{choice.profile} · {choice.base_url}" if choice.base_url else choice.profile
    return f"{choice.dialect}/{choice.profile}", shown


def _chosen(call: Call) -> str:
    provider = progress_of(call, standing(call)).provider
    if provider is None:
        raise TenutoError(RESOURCE_UNKNOWN, "Provider")
    return provider.name
