from __future__ import annotations

import io
import json
import logging
import os
import pickle
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.core.words import Effect
from tenuto.guard.artifacts.scan import ACCEPTED, declared_format, main, scan_model_file
from tenuto.guard.artifacts.words import DEFAULT_LIMITS, DeclaredFormat, FileFormat, Limits
from tenuto.guard.errors import FILE_UNREADABLE, FORMAT_UNKNOWN, SCANNER_MISSING
from unit.guard.artifacts.malicious import calls

pytestmark = pytest.mark.capability("S3")

BENIGN = pickle.dumps({"weights": np.arange(4.0)})


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger("picklescan").setLevel(logging.CRITICAL)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "model.bin"
    path.write_bytes(content)
    return path


def test_the_verdict_names_the_bytes_it_is_about(tmp_path: Path) -> None:
    verdict = scan_model_file(written(tmp_path, BENIGN), DeclaredFormat.SKLEARN)
    assert (verdict.digest, verdict.size) == (digest_of(BENIGN), len(BENIGN))
    assert (verdict.format, verdict.rule, verdict.effect) == (FileFormat.PICKLE, ACCEPTED, Effect.ALLOW)
    assert "numpy:dtype" in verdict.names
    core = verdict.verdict()
    assert (core.allowed, core.rule, core.policy_version) == (True, ACCEPTED, verdict.policy_version)


def test_the_name_of_a_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(calls("os", "system", "id"))
    verdict = scan_model_file(path, DeclaredFormat.ONNX)
    assert (verdict.rule, verdict.format) == ("file.format", FileFormat.PICKLE)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(written(tmp_path, BENIGN))
    with pytest.raises(TenutoError) as raised:
        scan_model_file(link, DeclaredFormat.SKLEARN)
    assert raised.value.fault is FILE_UNREADABLE


def test_a_pipe_a_folder_and_nothing_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing"):
        with pytest.raises(TenutoError) as raised:
            scan_model_file(path, DeclaredFormat.SKLEARN)
        assert raised.value.fault is FILE_UNREADABLE
        assert str(tmp_path) not in raised.value.detail


@pytest.mark.parametrize(
    "content", [b"", b"\x80", b"\x80\x04", b"hello", b"\x00" * 100, BENIGN[:-1], BENIGN[:50]]
)
@pytest.mark.parametrize("declared", [DeclaredFormat.SKLEARN, DeclaredFormat.ONNX, DeclaredFormat.NUMPY])
def test_broken_files_are_refused_with_a_reason(content: bytes, declared: DeclaredFormat) -> None:
    verdict = scan_model_file(io.BytesIO(content), declared)
    assert not verdict.allowed
    assert verdict.reason


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"GGUF", "GGUF"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\x7fELF", "program"),
        (b"MZ", "program"),
        (b"#!/bin/sh\n", "script"),
        (b"\0" * 257 + b"ustar", "tar"),
    ],
)
def test_known_foreign_formats_are_told_by_name(head: bytes, kind: str) -> None:
    for declared in DeclaredFormat:
        verdict = scan_model_file(io.BytesIO(head + b"\0" * 100), declared)
        assert verdict.rule == "file.format"
        assert kind in verdict.reason


def test_limits() -> None:
    def rule(limits: Limits, content: bytes = BENIGN) -> str:
        return scan_model_file(io.BytesIO(content), DeclaredFormat.SKLEARN, limits).rule

    assert rule(DEFAULT_LIMITS) == ACCEPTED
    assert rule(Limits(file_bytes=10)) == "file.too_large"
    assert rule(Limits(opcodes=5)) == "file.too_large"
    assert rule(Limits(line_bytes=10), b"V" + b"a" * 100_000) == "file.too_large"


def test_without_picklescan_nothing_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picklescan.scanner", None)  # what an import of a missing module meets
    with pytest.raises(TenutoError) as raised:
        scan_model_file(io.BytesIO(BENIGN), DeclaredFormat.SKLEARN)
    assert raised.value.fault is SCANNER_MISSING
    assert "tenuto[ml]" in raised.value.fault.fix
    assert scan_model_file(io.BytesIO(b"{}"), DeclaredFormat.JSON).allowed


def test_formats_that_are_not_known() -> None:
    assert declared_format("skops") is DeclaredFormat.SKOPS
    with pytest.raises(TenutoError) as raised:
        declared_format("torch")
    assert raised.value.fault is FORMAT_UNKNOWN
    assert "safetensors" in raised.value.detail


def test_the_command_prints_the_verdict_and_exits_with_it(tmp_path: Path) -> None:
    def run(content: bytes, declared: str) -> tuple[int, dict[str, object]]:
        command = [sys.executable, "-W", "error", "-m", "tenuto.guard.artifacts.scan", "--format", declared]
        done = subprocess.run([*command, str(written(tmp_path, content))], capture_output=True, check=False)
        return done.returncode, json.loads(done.stdout)

    code, verdict = run(BENIGN, "sklearn")
    assert (code, verdict["effect"], verdict["format"]) == (0, "allow", "pickle")
    code, verdict = run(calls("os", "system", "touch " + str(tmp_path / "ran")), "sklearn")
    assert (code, verdict["effect"], verdict["rule"]) == (1, "deny", "pickle.name")
    assert not (tmp_path / "ran").exists()
    code, answer = run(BENIGN, "keras")
    assert code == 2
    assert answer["error"]["code"] == "guard.format_unknown"  # type: ignore[index]


def test_the_command_in_this_process(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main([str(written(tmp_path, BENIGN)), "--format", "sklearn"]) == 0
    assert main([str(tmp_path / "missing"), "--format", "sklearn"]) == 2
    verdict, error = capfdbinary.readouterr().out.splitlines()
    assert msgspec.json.decode(verdict)["effect"] == "allow"
    assert msgspec.json.decode(error)["error"]["code"] == "guard.file_unreadable"
