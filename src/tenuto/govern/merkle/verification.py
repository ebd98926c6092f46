"""Checking proofs, with nothing but hashes in hand (RFC 9162 §2.1.3.2 and §2.1.4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from hmac import compare_digest

from tenuto.core.errors import TenutoError
from tenuto.govern.errors import PROOF_REFUSED
from tenuto.govern.merkle.hashing import EMPTY_ROOT, HASH_BYTES, node_hash


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raise ``TenutoError`` unless ``path`` proves ``leaf`` to be the one at ``index`` under ``root``."""
    _require(0 <= index < size, f"no record {index + 1} in a log of {size}")
    _require_hashes(leaf, root, *path)
    position, last = index, size - 1
    current = leaf
    for sibling in path:
        _require(last != 0, "the path is longer than the tree is high")
        if position & 1 or position == last:
            current = node_hash(sibling, current)
            position, last = _climb_past_lone_nodes(position, last)
        else:
            current = node_hash(current, sibling)
        position, last = position >> 1, last >> 1
    _require(last == 0, "the path ends below the root")
    _require(compare_digest(current, root), "the path leads to another root")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Raise ``TenutoError`` unless ``path`` proves that the old tree is the beginning of the new one.

    The empty tree is the beginning of every tree, and its root is known.
    """
    _require(0 <= old <= new, f"a log of {new} cannot begin with {old} records")
    _require_hashes(old_root, new_root, *path)
    _require(old > 0 or compare_digest(old_root, EMPTY_ROOT), "an empty log has one root only")
    if old in {0, new}:
        _require(not path, "nothing is left to prove, and yet there is a path")
        _require(old == 0 or compare_digest(old_root, new_root), "one size, two roots")
        return
    found_old, found_new = _climb_both(old, old_root, new, path)
    _require(compare_digest(found_old, old_root), "the path leads to another old root")
    _require(compare_digest(found_new, new_root), "the path leads to another new root")


def _climb_both(old: int, old_root: bytes, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Walk up from the last subtree of the old tree and return the roots it leads to in both trees."""
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    # A perfect old tree is itself the subtree to start from, and is left out of the path.
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    _require(bool(steps), "the path is empty")
    found_old = found_new = steps[0]
    for step in steps[1:]:
        _require(last != 0, "the path is longer than the tree is high")
        if position & 1 or position == last:
            found_old = node_hash(step, found_old)
            found_new = node_hash(step, found_new)
            position, last = _climb_past_lone_nodes(position, last)
        else:
            found_new = node_hash(found_new, step)
        position, last = position >> 1, last >> 1
    _require(last == 0, "the path ends below the root")
    return found_old, found_new


def _climb_past_lone_nodes(position: int, last: int) -> tuple[int, int]:
    """Skip the levels where the last node has no sibling and is passed up as it is."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise TenutoError(PROOF_REFUSED, otherwise)


def _require_hashes(*hashes: bytes) -> None:
    _require(all(len(value) == HASH_BYTES for value in hashes), f"every hash has {HASH_BYTES} bytes")
