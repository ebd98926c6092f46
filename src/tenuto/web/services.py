"""What handlers work with. ``app`` builds one and hands it to the site."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from tenuto.govern.access.decider import CedarDecider
from tenuto.govern.audit.use_cases import Witness
from tenuto.govern.identities.entrance import Doorkeeper
from tenuto.govern.resources.rules import Kinds
from tenuto.govern.secrets.vault import Vault
from tenuto.govern.use_case import Desk
from tenuto.registry.attestations import Signer
from tenuto.store.blobs import Blobs


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
    scratch: Path  # for files that are made to be sent
    upload_limit: int
    checkpoint_now: Callable[[], None]  # sequence and sign what the log holds at this moment
