"""``Endpoint`` as a declared thing: declaring one deploys, rolling back declares the version before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tenuto.core.errors import TenutoError
from tenuto.core.words import Event, Ref
from tenuto.govern.resources.words import Declared, Kind, Level
from tenuto.govern.use_case import Case
from tenuto.registry import queries as registry
from tenuto.registry.attestations import require_attested
from tenuto.registry.errors import ALREADY_DECIDED, NOT_APPROVED
from tenuto.registry.words import Edge, ModelVersion, Stage
from tenuto.serving.declared import queries
from tenuto.serving.declared.errors import ENDPOINT_NAME_TAKEN, MODEL_NOT_SERVABLE
from tenuto.serving.declared.words import Packaging

DEPLOY = "serving:endpoint:deploy"


class EndpointSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name that predictions are asked under, and the approved model version that answers."""

    model: str
    version: int


def kind(public_key: Ed25519PublicKey) -> Kind:
    """Return the kind; ``public_key`` is the one that model versions are signed for."""

    def admit(
        case: Case, new: Declared[EndpointSpec], _old: Declared[EndpointSpec] | None
    ) -> Sequence[Event]:
        case.permit(Ref("Endpoint", new.id, new.name, new.workspace), DEPLOY)
        version = registry.model(case.tx, new.spec.model, new.spec.version)
        _require_deployable(version, public_key)
        if not queries.take_name(case.tx, new.name, new.id):
            raise TenutoError(ENDPOINT_NAME_TAKEN, new.name)
        registry.link(case.tx, [Edge("ModelVersion", version.id, "Endpoint", new.id, "deployed_to")])
        data = {"endpoint": new.name, "model": version.name, "version": version.version}
        return [Event("endpoint.deployed", new.id, data | {"digest": version.digest})]

    return Kind(
        name="Endpoint",
        level=Level.WORKSPACE,
        spec=EndpointSpec,
        summary="A name that predictions are asked under, and the approved version that answers.",
        order=60,
        admit=admit,
        remove=_remove,
    )


def _remove(case: Case, old: Declared[Any]) -> Sequence[Event]:
    case.permit(Ref("Endpoint", old.id, old.name, old.workspace), "serving:endpoint:retire")
    queries.free_name(case.tx, old.id)
    return [Event("endpoint.retired", old.id, {"endpoint": old.name})]


def _require_deployable(version: ModelVersion, public_key: Ed25519PublicKey) -> None:
    if version.stage is Stage.REFUSED:
        raise TenutoError(ALREADY_DECIDED, f"{version.label} was refused")
    if version.stage is not Stage.APPROVED:
        raise TenutoError(NOT_APPROVED, f"{version.label} is {version.stage.value}")
    require_attested(public_key, version.attestation, version.digest)
    try:
        msgspec.convert(version.signature, Packaging)
    except msgspec.ValidationError as error:
        raise TenutoError(MODEL_NOT_SERVABLE, f"{version.label}: {error}") from None
