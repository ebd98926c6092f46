"""What is known of endpoints: as declared, as they answer now, and what they were before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tenuto.core.decoding import convert
from tenuto.core.words import Scope
from tenuto.govern.resources import use_cases as resources
from tenuto.govern.resources.words import Stored
from tenuto.registry import use_cases as registry
from tenuto.registry.words import ModelVersion
from tenuto.serving.declared.kinds import EndpointSpec
from tenuto.serving.declared.words import Packaging
from tenuto.serving.words import Datatype, Tensor
from tenuto.web.api.scopes import services_of
from tenuto.web.pages.place import allowed
from tenuto.web.words import Call

KIND = "Endpoint"


class EndpointLine(msgspec.Struct, frozen=True):
    """One endpoint of the list. ``revision`` counts how often it was declared."""

    name: str
    model: str
    version: int
    revision: int
    at: datetime
    author: str
    ready: bool


class Deployed(msgspec.Struct, frozen=True):
    """What an endpoint once answered with; without a model it was taken out of traffic."""

    revision: int
    model: str
    version: int
    at: datetime
    author: str


def lines(call: Call, scope: Scope) -> list[EndpointLine]:
    services = services_of(call)
    found = resources.listing(services.desk, scope, kinds=services.kinds, kind=KIND)
    return [line(call, stored) for stored in sorted(found, key=lambda one: one.name)]


def line(call: Call, stored: Stored) -> EndpointLine:
    spec = convert(stored.spec, EndpointSpec)
    ready = services_of(call).endpoints.ready(stored.name)
    return EndpointLine(
        stored.name, spec.model, spec.version, stored.version, stored.at, stored.author, ready
    )


def history(call: Call, scope: Scope, name: str) -> Sequence[Deployed]:
    services = services_of(call)
    revisions = resources.history(services.desk, scope, kinds=services.kinds, kind=KIND, name=name)
    return [_deployed(one) for one in revisions]


def _deployed(stored: Stored) -> Deployed:
    if stored.spec is None:
        return Deployed(stored.version, "", 0, stored.at, stored.author)
    spec = convert(stored.spec, EndpointSpec)
    return Deployed(stored.version, spec.model, spec.version, stored.at, stored.author)


def model_behind(call: Call, scope: Scope, found: EndpointLine) -> ModelVersion | None:
    """Return the version that answers, as far as the reader may see it."""
    if not allowed(call, scope, "registry:model:read", "ModelVersion"):
        return None
    return registry.model(services_of(call).desk, scope, name=found.model, version=found.version)


def sample_of(model: ModelVersion | None) -> str:
    """Return the sample that is stored with a version, as a request; empty where it cannot be one."""
    if model is None:
        return ""
    tensors = msgspec.convert(model.signature, Packaging).sample
    if any(tensor.datatype is Datatype.FP16 for tensor in tensors):
        return ""  # 16-bit numbers travel as binary data only
    return msgspec.json.encode({"inputs": [_input(tensor) for tensor in tensors]}).decode()


def _input(tensor: Tensor) -> dict[str, Any]:
    """Return one row of a tensor: enough to try, and short enough to read."""
    rows = tensor.shape[0] if tensor.shape else 1
    size = len(tensor.data) // rows if rows else 0
    shape = [1, *tensor.shape[1:]] if tensor.shape else []
    return {
        "name": tensor.name,
        "shape": shape,
        "datatype": tensor.datatype.value,
        "data": list(tensor.data[:size]) if rows else [],
    }
