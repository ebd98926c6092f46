"""What can be wrong with a declared provider or route."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

PROVIDER_INVALID = Fault(
    "gateway.provider_invalid",
    FaultKind.INVALID,
    "the provider cannot be used as declared",
    "Correct the field that the detail names.",
)
ROUTE_INVALID = Fault(
    "gateway.route_invalid",
    FaultKind.INVALID,
    "the route cannot be served as declared",
    "Declare the provider first, or correct the upstream that the detail names.",
)
EGRESS_RULE_INVALID = Fault(
    "gateway.egress_rule_invalid",
    FaultKind.INVALID,
    "the egress rule names nothing that can be called",
    "Give a host name or an address, without scheme, port, path, brackets or a dot at its end.",
)
