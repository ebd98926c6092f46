"""What can be proven of one record: that it is as it was hashed, and that it is in a log that was signed."""

from __future__ import annotations

from functools import partial
from typing import Protocol

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.govern.audit import reading
from tenuto.govern.audit_record import AuditRecord, leaf_of
from tenuto.govern.checkpoints import VerifierKey, open_checkpoint
from tenuto.govern.errors import PROOF_REFUSED
from tenuto.govern.merkle import Tree, verify_inclusion
from tenuto.store.database import Transaction


class Placed(Protocol):
    @property
    def seq(self) -> int | None: ...

    @property
    def record(self) -> AuditRecord: ...


class Proof(msgspec.Struct, frozen=True):
    """``unedited``: the record has its leaf hash. ``signed_size`` is the size of the signed log that holds it

    (None while no checkpoint covers it); ``included`` tells whether the path from the record leads to its root.
    """

    unedited: bool
    signed_size: int | None = None
    included: bool = False
    path_length: int = 0


def prove(tx: Transaction, placed: Placed, leaf: bytes, key: VerifierKey) -> Proof:
    unedited = leaf_of(placed.record) == leaf
    note = reading.covering_checkpoint(tx, placed.seq) if placed.seq is not None else None
    if note is None or placed.seq is None:
        return Proof(unedited)
    checkpoint = open_checkpoint(note, key)
    path = Tree(checkpoint.size, partial(reading.leaves, tx)).inclusion(placed.seq - 1)
    try:
        verify_inclusion(leaf, placed.seq - 1, checkpoint.size, path, checkpoint.root)
    except TenutoError as error:
        if error.fault is not PROOF_REFUSED:
            raise
        return Proof(unedited, checkpoint.size)
    return Proof(unedited, checkpoint.size, included=True, path_length=len(path))
