"""Models: which versions there are; of one, all that speaks for or against it, and its way into traffic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from tenuto.core.decoding import convert
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.govern.approvals.words import Approval
from tenuto.govern.resources import use_cases as resources
from tenuto.govern.resources.words import Document, Stored
from tenuto.govern.workspaces.errors import WORKSPACE_NEEDED
from tenuto.pipelines import use_cases as runs
from tenuto.registry import use_cases
from tenuto.registry.attestations import require_attested
from tenuto.registry.errors import ATTESTATION_INVALID
from tenuto.registry.words import ModelVersion, Stage
from tenuto.serving.declared.kinds import EndpointSpec
from tenuto.web.api.scopes import organisation_scope, services_of
from tenuto.web.faults import status_of
from tenuto.web.pages.comparing import compared
from tenuto.web.pages.datasets import VersionQuery
from tenuto.web.pages.declaring import form, page
from tenuto.web.pages.names import names_of
from tenuto.web.pages.place import allowed, standing, working_scope
from tenuto.web.registry.words import Group, Nav, Refusal, Route
from tenuto.web.words import Call, Flash, Input, Redirect, View

_READ = "registry:model:read"


class DeployForm(Input, frozen=True, kw_only=True):
    endpoint: Annotated[str, msgspec.Meta(max_length=63, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
    version: int


class RollbackForm(Input, frozen=True, kw_only=True):
    endpoint: str


class InTraffic(msgspec.Struct, frozen=True):
    """An endpoint of the model, the version that answers, and how often the endpoint was declared."""

    endpoint: str
    version: int
    revision: int


def listing(call: Call, _body: None, _query: None) -> View:
    scope = working_scope(call)
    found = use_cases.models(services_of(call).desk, scope)
    serving = {(spec.model, spec.version): stored.name for stored, spec in endpoints(call, scope)}
    return View("models/list.html", {"models": found, "serving": serving}, title="models.title")


def one(call: Call, _body: None, query: VersionQuery) -> View:
    return _shown(call, query.version)


def deploy(call: Call, body: DeployForm, _query: None) -> Redirect:
    """Declare the endpoint with this version: the use case lets approved and signed versions through only."""
    services, here = services_of(call), standing(call).here
    if here is None:
        raise TenutoError(WORKSPACE_NEEDED)
    spec = {"model": call.path["name"], "version": body.version}
    document = Document("Endpoint", body.endpoint, spec, here.name)
    resources.apply(services.desk, organisation_scope(call), kinds=services.kinds, documents=[document])
    flash = Flash(
        "models.deployed", {"name": f"{call.path['name']}@{body.version}", "endpoint": body.endpoint}
    )
    return Redirect(f"/models/{call.path['name']}?version={body.version}", flash=flash)


def roll_back(call: Call, body: RollbackForm, _query: None) -> Redirect:
    services = services_of(call)
    scope = working_scope(call)
    resources.rollback(services.desk, scope, kinds=services.kinds, kind="Endpoint", name=body.endpoint)
    flash = Flash("models.rolled_back", {"endpoint": body.endpoint})
    return Redirect(f"/models/{call.path['name']}", flash=flash)


def refused(call: Call, refusal: Refusal) -> View:
    """Show the version again, with why it does not go into traffic."""
    wanted = refusal.values.get("version", "")
    view = _shown(call, int(wanted) if wanted.isdigit() else None, refusal)
    return msgspec.structs.replace(view, status=status_of(refusal.error))


def _shown(call: Call, version: int | None, refusal: Refusal | None = None) -> View:
    services, scope = services_of(call), working_scope(call)
    found = use_cases.model(services.desk, scope, name=call.path["name"], version=version)
    traffic = in_traffic(call, scope, found.name)
    current = current_version(call, scope, traffic, found)
    values: dict[str, Any] = {
        "model": found,
        "refusal": refusal,
        "attested": attested(call, found),
        "lineage": use_cases.lineage(services.desk, scope, name=found.name, version=found.version),
        "traffic": traffic,
        "current": current,
        "metrics": compared(found, current),
        "waiting": waiting_for(call, scope, found),
        "others": [one for one in use_cases.models(services.desk, scope) if one.name == found.name],
        "names": author_names(call, scope, found),
        "may_deploy": found.stage is Stage.APPROVED and _may_declare(call, scope),
        "may_roll_back": _may_declare(call, scope),
    }
    return View("models/one.html", values, title="models.one.title", title_values={"name": found.label})


def endpoints(call: Call, scope: Scope) -> list[tuple[Stored, EndpointSpec]]:
    services = services_of(call)
    if not allowed(call, scope, "govern:resource:read", "Resource", "Endpoint"):
        return []
    found = resources.listing(services.desk, scope, kinds=services.kinds, kind="Endpoint")
    return [(stored, convert(stored.spec, EndpointSpec)) for stored in found]


def in_traffic(call: Call, scope: Scope, model: str) -> list[InTraffic]:
    return [
        InTraffic(stored.name, spec.version, stored.version)
        for stored, spec in endpoints(call, scope)
        if spec.model == model
    ]


def current_version(
    call: Call, scope: Scope, traffic: list[InTraffic], found: ModelVersion
) -> ModelVersion | None:
    """Return the version that answers now, to compare with; None when it is this one or there is none."""
    other = next((one.version for one in traffic if one.version != found.version), None)
    if other is None:
        return None
    return use_cases.model(services_of(call).desk, scope, name=found.name, version=other)


def author_names(call: Call, scope: Scope, found: ModelVersion) -> Mapping[str, str]:
    """Return names by id. Whoever may see the run that made a version may know who started it."""
    known = names_of(call)
    kind, _, run_id = found.producer.partition("/")[0].partition(":")
    if kind != "run" or not allowed(call, scope, "pipelines:run:read", "Run", run_id):
        return known
    starter = runs.run(services_of(call).desk, scope, run_id=run_id).run.actor
    return {starter.id: starter.name, **known}


def attested(call: Call, found: ModelVersion) -> bool:
    """Tell whether the signature of this installation holds for these bytes, checked at this moment."""
    try:
        require_attested(services_of(call).signer.public_key, found.attestation, found.digest)
    except TenutoError as error:
        if error.fault is not ATTESTATION_INVALID:
            raise
        return False
    return True


def waiting_for(call: Call, scope: Scope, found: ModelVersion) -> Approval | None:
    """Return the approval of a version, decided or not, as far as the reader may see it."""
    if not allowed(call, scope, "registry:approval:read", "Approval"):
        return None
    every = use_cases.pending(services_of(call).desk, scope, state=None)
    return next((one for one in every if one.subject_id == found.id), None)


def _may_declare(call: Call, scope: Scope) -> bool:
    return allowed(call, scope, "serving:endpoint:deploy", "Endpoint") and allowed(
        call, scope, "govern:resource:apply", "Endpoint"
    )


def routes() -> list[Route]:
    address = "/models/{name}"
    return [
        page(
            "/models",
            listing,
            "Model versions, newest first",
            action=_READ,
            resource="ModelVersion",
            title="models.title",
            nav=Nav(Group.MODELS, "models.title", "model", order=1),
        ),
        page(
            address,
            one,
            "A model version with its evidence, gate and lineage",
            action=_READ,
            resource="ModelVersion",
            title="models.title",
            query=VersionQuery,
        ),
        form(
            f"{address}/deploy",
            deploy,
            "Put a version into traffic",
            action="serving:endpoint:deploy",
            resource="Endpoint",
            audit="endpoint.deployed",
            title="models.title",
            body=DeployForm,
            when_refused=refused,
        ),
        form(
            f"{address}/rollback",
            roll_back,
            "Go back to the version before",
            action="serving:endpoint:rollback",
            resource="Endpoint",
            audit="endpoint.deployed",
            title="models.title",
            body=RollbackForm,
            when_refused=refused,
        ),
    ]
