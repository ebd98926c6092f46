"""What handlers work with. ``app`` builds one and hands it to the site."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from tenuto.gateway.declared.trying import ProviderTester
from tenuto.govern.access.decider import CedarDecider
from tenuto.govern.audit.use_cases import Witness
from tenuto.govern.identities.entrance import Doorkeeper
from tenuto.govern.resources.rules import Kinds
from tenuto.govern.secrets.vault import Vault
from tenuto.govern.use_case import Desk
from tenuto.registry.attestations import Signer
from tenuto.serving.declared.trying import EndpointTester
from tenuto.store.blobs import Blobs
from tenuto.web.ports import PartState


class ProviderChoice(msgspec.Struct, frozen=True):
    """A family of servers that can be declared as a provider. ``base_url`` is empty where each has its own."""

    dialect: str
    profile: str
    base_url: str


class Services(msgspec.Struct, frozen=True, kw_only=True):
    desk: Desk
    decider: CedarDecider
    kinds: Kinds
    keeper: Doorkeeper
    vault: Vault
    witness: Witness
    signer: Signer
    blobs: Blobs
    source_roots: tuple[Path, ...]
    source_limit: int  # bytes of a source that are read into memory
    scratch: Path  # for files that are made to be sent
    address: str  # under which this installation is reached
    choices: tuple[ProviderChoice, ...]
    known_hosts: frozenset[tuple[str, int]]  # that calls may go to without a rule of their own
    tester: ProviderTester
    endpoints: EndpointTester
    health: Callable[[], list[PartState]]
    checkpoint_now: Callable[[], None]  # sequence and sign what the log holds at this moment
