"""The Merkle tree of RFC 6962 and RFC 9162 (SHA-256) under the audit log.

Everything is computed over *leaf hashes*; who hashes the records is ``govern.audit_record``. An index counts
from 0, a size is a number of leaves. Verification is pure and raises; it never answers with a truth value
that a caller could forget to look at.
"""

from tenuto.govern.merkle.frontier import Frontier
from tenuto.govern.merkle.hashing import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash
from tenuto.govern.merkle.proofs import Tree
from tenuto.govern.merkle.verification import verify_consistency, verify_inclusion

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "Frontier",
    "Tree",
    "leaf_hash",
    "node_hash",
    "verify_consistency",
    "verify_inclusion",
]
