"""Try a provider. The call itself is made outside any transaction, so asking and telling are two steps."""

from __future__ import annotations

from tenuto.core.decoding import convert
from tenuto.core.errors import TenutoError
from tenuto.core.words import Ref
from tenuto.gateway.declared.kinds import ProviderSpec
from tenuto.gateway.declared.words import ProviderTrial
from tenuto.govern.resources import queries as resources
from tenuto.govern.resources.errors import RESOURCE_UNKNOWN
from tenuto.govern.use_case import Case, use_case

TEST = "gateway:provider:test"


@use_case(TEST)
def provider_to_test(case: Case, *, name: str) -> ProviderSpec:
    """Return how a provider is declared, for a call that uses its key; the record says so beforehand."""
    ref, spec = _provider(case, name)
    case.permit(ref)
    case.record(ref, {"phase": "asked"})
    return spec


@use_case(TEST)
def provider_tested(case: Case, *, name: str, trial: ProviderTrial) -> None:
    """Write down what the call showed."""
    ref, _ = _provider(case, name)
    case.permit(ref)
    fault = trial.fault.code if trial.fault else ""
    case.record(ref, {"phase": "answered", "works": trial.works, "fault": fault, "models": len(trial.models)})


def _provider(case: Case, name: str) -> tuple[Ref, ProviderSpec]:
    stored = resources.find(case.tx, "Provider", name)
    if stored is None:
        raise TenutoError(RESOURCE_UNKNOWN, f"Provider/{name}")
    return Ref("Provider", stored.id, stored.name), convert(stored.spec, ProviderSpec)
