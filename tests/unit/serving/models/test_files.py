from __future__ import annotations

import os
from pathlib import Path

import pytest

from tenuto.core.digests import digest_of
from tenuto.core.errors import INVALID_VALUE, TenutoError
from tenuto.serving.errors import MODEL_DIGEST, MODEL_FILE
from tenuto.serving.models.files import read_verified


def test_the_content_of_the_digest_is_returned(tmp_path: Path) -> None:
    file = tmp_path / "model"
    file.write_bytes(b"abc")
    assert read_verified(str(file), digest_of(b"abc")) == b"abc"


def test_other_content_is_refused_with_both_digests(tmp_path: Path) -> None:
    file = tmp_path / "model"
    file.write_bytes(b"abd")
    with pytest.raises(TenutoError) as caught:
        read_verified(str(file), digest_of(b"abc"))
    assert caught.value.fault is MODEL_DIGEST
    assert caught.value.context == {"expected": digest_of(b"abc"), "found": digest_of(b"abd")}


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "nothing", Path("/dev/zero")):
        with pytest.raises(TenutoError) as caught:
            read_verified(str(path), digest_of(b""))
        assert caught.value.fault is MODEL_FILE


def test_a_digest_that_is_none_is_refused_first(tmp_path: Path) -> None:
    with pytest.raises(TenutoError) as caught:
        read_verified(str(tmp_path / "nothing"), "md5:00")
    assert caught.value.fault is INVALID_VALUE
