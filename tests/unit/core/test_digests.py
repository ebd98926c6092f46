from __future__ import annotations

import pytest

from tenuto.core.digests import digest_of, digest_of_chunks, require_digest
from tenuto.core.errors import TenutoError


def test_a_digest_is_the_same_however_the_content_is_cut() -> None:
    assert digest_of_chunks([b"ab", b"", b"c"]) == digest_of(b"abc")
    assert require_digest(digest_of(b"abc")) == digest_of(b"abc")


@pytest.mark.parametrize(
    "wrong", ["", "abc", "sha256:", "sha256:" + "A" * 64, "sha256:../" + "a" * 61, "md5:" + "a" * 67]
)
def test_only_well_formed_digests_reach_a_path(wrong: str) -> None:
    with pytest.raises(TenutoError):
        require_digest(wrong)
