"""The tree against the definition in the RFC, against another implementation, and against forgers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import accumulate

import pymerkle
import pymerkle.proof
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenuto.core.errors import TenutoError
from tenuto.govern.errors import PROOF_REFUSED
from tenuto.govern.merkle import (
    EMPTY_ROOT,
    Frontier,
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

LARGEST = 300
CONTENTS = [f"record {number}".encode() for number in range(LARGEST)]
LEAVES = [leaf_hash(content) for content in CONTENTS]


def _root_by_definition(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + _root_by_definition(leaves[:half]) + _root_by_definition(leaves[half:])).digest()


def _tree(size: int, cache: dict[tuple[int, int], bytes] | None = None) -> Tree:
    return Tree(size, lambda start, end: LEAVES[start:end], cache, cached_height=1)


ROOTS = [_root_by_definition(LEAVES[:size]) for size in range(LARGEST + 1)]


@pytest.mark.capability("C7")
def test_roots_of_all_sizes_equal_the_definition() -> None:
    frontiers = accumulate(LEAVES, lambda frontier, leaf: frontier.extended([leaf]), initial=Frontier())
    tree = _tree(LARGEST)
    for size, frontier in enumerate(frontiers):
        assert frontier.root() == ROOTS[size]
        assert tree.root(size) == ROOTS[size]
        assert Frontier.from_json(frontier.as_json()) == frontier


def test_every_record_is_proven_in_every_size() -> None:
    tree = _tree(LARGEST)
    for size in range(1, LARGEST + 1):
        for index in range(size):
            verify_inclusion(LEAVES[index], index, size, tree.inclusion(index, size), ROOTS[size])


def test_every_size_is_proven_to_begin_every_larger_one() -> None:
    tree = _tree(LARGEST)
    for new in range(LARGEST + 1):
        for old in range(new + 1):
            verify_consistency(old, ROOTS[old], new, ROOTS[new], tree.consistency(old, new))


@given(st.lists(st.binary(max_size=40), max_size=LARGEST), st.data())
@settings(max_examples=60, deadline=None)
def test_another_implementation_agrees_on_roots_and_paths(contents: list[bytes], data: st.DataObject) -> None:
    foreign = pymerkle.InmemoryTree(algorithm="sha256")
    for content in contents:
        foreign.append_entry(content)
    leaves = [leaf_hash(content) for content in contents]
    size = len(contents)
    own = Tree(size, lambda start, end: leaves[start:end])
    assert own.root() == foreign.get_root() == Frontier().extended(leaves).root()
    if not size:
        return
    within = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, within - 1))
    theirs = foreign.prove_inclusion(index + 1, within).path  # counts from 1 and puts the leaf itself first
    assert [leaves[index], *own.inclusion(index, within)] == theirs
    old = data.draw(st.integers(1, within))
    proof = foreign.prove_consistency(old, within)
    pymerkle.verify_consistency(own.root(old), own.root(within), proof)
    verify_consistency(
        old, foreign.get_root(old), within, foreign.get_root(within), own.consistency(old, within)
    )


def test_another_implementation_accepts_our_inclusion_paths() -> None:
    tree = _tree(LARGEST)
    for size, index in [(1, 0), (2, 1), (7, 6), (8, 3), (255, 254), (300, 299), (300, 0)]:
        rule, _ = pymerkle.core._inclusion_path_layout(index + 1, size)
        path = [LEAVES[index], *tree.inclusion(index, size)]
        proof = pymerkle.proof.InclusionProof("sha256", True, size, index + 1, rule, path)
        pymerkle.verify_inclusion(LEAVES[index], ROOTS[size], proof)


def _damaged(path: list[bytes]) -> Iterator[list[bytes]]:
    """Every path one step away: bytes changed, steps dropped, doubled, cut short, swapped, added."""
    for place, step in enumerate(path):
        for position in range(len(step)):
            changed = bytes([*step[:position], step[position] ^ 1, *step[position + 1 :]])
            yield [*path[:place], changed, *path[place + 1 :]]
        yield [*path[:place], *path[place + 1 :]]
        yield [*path[:place], step, *path[place:]]
        yield [*path[:place], step[:-1], *path[place + 1 :]]
    for place in range(len(path) - 1):
        yield [*path[:place], path[place + 1], path[place], *path[place + 2 :]]
    yield [*path, LEAVES[0]]
    yield [LEAVES[0], *path]


@pytest.mark.capability("C7")
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17])
def test_no_damaged_inclusion_proof_is_accepted(size: int) -> None:
    tree = _tree(size)
    for index in range(size):
        path = tree.inclusion(index)
        for forged in _damaged(path):
            _refused(
                lambda index=index, forged=forged: verify_inclusion(
                    LEAVES[index], index, size, forged, ROOTS[size]
                )
            )
        for other in set(range(-1, size + 1)) - {index}:
            _refused(
                lambda index=index, other=other, path=path: verify_inclusion(
                    LEAVES[index], other, size, path, ROOTS[size]
                )
            )
        _refused(
            lambda index=index, path=path: verify_inclusion(LEAVES[index + 1], index, size, path, ROOTS[size])
        )
        _refused(
            lambda index=index, path=path: verify_inclusion(LEAVES[index], index, size, path, ROOTS[size + 1])
        )


@pytest.mark.capability("C7")
@pytest.mark.parametrize("new", [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17])
def test_no_damaged_consistency_proof_is_accepted(new: int) -> None:
    tree = _tree(new)
    for old in range(new + 1):
        path = tree.consistency(old)
        for forged in _damaged(path):
            _refused(
                lambda old=old, forged=forged: verify_consistency(old, ROOTS[old], new, ROOTS[new], forged)
            )
        for wrong_old, wrong_new in [(ROOTS[old + 1], ROOTS[new]), (ROOTS[old], ROOTS[new + 1])]:
            if old == 0 and wrong_new != ROOTS[new]:
                continue  # every tree begins with the empty one
            _refused(
                lambda old=old, path=path, one=wrong_old, two=wrong_new: verify_consistency(
                    old, one, new, two, path
                )
            )


@given(st.integers(1, LARGEST - 1), st.data())
@settings(max_examples=100, deadline=None)
def test_a_log_rewritten_at_one_place_is_no_continuation(old: int, data: st.DataObject) -> None:
    new = data.draw(st.integers(old + 1, LARGEST))
    place = data.draw(st.integers(0, old - 1))
    rewritten = [*LEAVES[:place], leaf_hash(b"forged"), *LEAVES[place + 1 : new]]
    tree = Tree(new, lambda start, end: rewritten[start:end])
    _refused(lambda: verify_consistency(old, ROOTS[old], new, tree.root(), tree.consistency(old)))


def test_a_node_is_never_taken_for_a_leaf() -> None:
    inner = node_hash(LEAVES[0], LEAVES[1])
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != inner
    assert leaf_hash(b"") != EMPTY_ROOT


def test_a_cache_that_lives_on_gives_the_same_answers_and_reads_less() -> None:
    leaves = [leaf_hash(number.to_bytes(4)) for number in range(5000)]
    read: list[int] = []

    def source(start: int, end: int) -> list[bytes]:
        read.append(end - start)
        return leaves[start:end]

    cache: dict[tuple[int, int], bytes] = {}
    path = Tree(4500, source, cache).inclusion(1234)
    assert sum(read) >= 4499 - 1
    read.clear()
    grown = Tree(5000, source, cache)
    verify_inclusion(leaves[1234], 1234, 4500, path, grown.root(4500))
    verify_inclusion(leaves[1234], 1234, 5000, grown.inclusion(1234), Tree(5000, source).root())
    read.clear()
    grown.inclusion(1235)
    assert sum(read) < 600
    assert len(cache) <= 5000 // 128


def _refused(check: Callable[[], object]) -> None:
    with pytest.raises(TenutoError) as caught:
        check()
    assert caught.value.fault is PROOF_REFUSED
