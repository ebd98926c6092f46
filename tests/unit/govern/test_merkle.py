from __future__ import annotations

import pytest

from tenuto.core.errors import TenutoError
from tenuto.govern.errors import LOG_STATE_BROKEN, PROOF_OUT_OF_RANGE
from tenuto.govern.merkle import EMPTY_ROOT, Frontier, Tree, leaf_hash

# The inputs and roots that Certificate Transparency's own tests have used since RFC 6962.
VECTORS = [
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    (
        "606162636465666768696a6b6c6d6e6f",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ),
]


def test_the_published_vectors() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT
    for content, root in VECTORS:
        frontier = frontier.extended([leaf_hash(bytes.fromhex(content))])
        assert frontier.root().hex() == root


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"size":1,"peaks":[]}',
        '{"size":1,"peaks":["AAAA"]}',
        '{"size":-1,"peaks":[]}',
        '{"size":"1","peaks":[]}',
        b'\xff{"size":0}',
    ],
)
def test_a_broken_stored_frontier_is_refused(text: str | bytes) -> None:
    with pytest.raises(TenutoError) as caught:
        Frontier.from_json(text)
    assert caught.value.fault is LOG_STATE_BROKEN


def test_proofs_outside_the_log_are_refused() -> None:
    tree = Tree(3, lambda start, end: [leaf_hash(b"x")] * (end - start))
    for ask in (
        lambda: tree.inclusion(3),
        lambda: tree.inclusion(-1),
        lambda: tree.inclusion(2, 2),
        lambda: tree.inclusion(0, 4),
        lambda: tree.consistency(2, 1),
        lambda: tree.consistency(-1),
        lambda: tree.root(4),
    ):
        with pytest.raises(TenutoError) as caught:
            ask()
        assert caught.value.fault is PROOF_OUT_OF_RANGE


def test_a_source_that_gives_fewer_leaves_than_asked_is_noticed() -> None:
    tree = Tree(3, lambda start, end: [])
    with pytest.raises(TenutoError) as caught:
        tree.root()
    assert caught.value.fault is LOG_STATE_BROKEN
