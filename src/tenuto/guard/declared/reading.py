"""The declared policies as the gateway's snapshot takes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from tenuto.core.decoding import convert
from tenuto.govern.resources import queries as resources
from tenuto.guard.declared.kinds import GUARDRAIL_POLICY, GuardrailPolicySpec
from tenuto.guard.declared.rules import Combined, combined
from tenuto.store.database import Transaction


def protections(tx: Transaction) -> Callable[[str, str], Combined | None]:
    """Return a function that tells what holds for a route of a workspace."""
    policies: dict[str, dict[str, GuardrailPolicySpec]] = defaultdict(dict)
    for stored in resources.everywhere(tx, GUARDRAIL_POLICY):
        if stored.workspace is not None:
            policies[stored.workspace][stored.name] = convert(stored.spec, GuardrailPolicySpec)
    return lambda workspace, route: combined(policies.get(workspace, {}), route)
