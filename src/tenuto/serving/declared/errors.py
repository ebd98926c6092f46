"""What can be wrong with a declared endpoint."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

ENDPOINT_NAME_TAKEN = Fault(
    "serving.endpoint_name_taken",
    FaultKind.CONFLICT,
    "an endpoint of another workspace has that name",
    "Choose another name: the names of endpoints are unique in an installation.",
)
MODEL_NOT_SERVABLE = Fault(
    "serving.model_not_servable",
    FaultKind.CONFLICT,
    "this version does not say how it is served",
    "Register it with what `package_model` returned: signature, sample and expected answers.",
)
