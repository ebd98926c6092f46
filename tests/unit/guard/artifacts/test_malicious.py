from __future__ import annotations

import io
import logging
from pathlib import Path

import joblib
import pytest
from picklescan.scanner import scan_pickle_bytes

from tenuto.guard.artifacts.scan import scan_model_file
from tenuto.guard.artifacts.words import DeclaredFormat, FileFormat, ScanVerdict
from unit.guard.artifacts import malicious
from unit.guard.artifacts.malicious import CONTAINERS, NAMES, STRUCTURES, calls, calls_from_stack

ALL_STRUCTURES = [
    (rule, name, content) for rule, group in STRUCTURES.items() for name, content in group.items()
]

pytestmark = pytest.mark.capability("S3")


def scan(content: bytes, declared: DeclaredFormat = DeclaredFormat.SKLEARN) -> ScanVerdict:
    return scan_model_file(io.BytesIO(content), declared)


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(NAMES) + len(ALL_STRUCTURES) + len(CONTAINERS) > 150


@pytest.mark.parametrize(("module", "name", "arguments"), NAMES, ids=[f"{one[0]}:{one[1]}" for one in NAMES])
def test_names_that_are_not_on_the_list(module: str, name: str, arguments: tuple[object, ...]) -> None:
    for content in (calls(module, name, *arguments), calls_from_stack(module, name, *arguments)):
        verdict = scan(content)
        assert not verdict.allowed
        assert verdict.findings[0].rule == "pickle.name"
        assert f"{module}:{name}" in verdict.reason
        assert f"{module}:{name}" in verdict.names


@pytest.mark.parametrize(("rule", "name", "content"), ALL_STRUCTURES, ids=[one[1] for one in ALL_STRUCTURES])
def test_structures_that_hide_or_break_something(rule: str, name: str, content: bytes) -> None:
    verdict = scan(content)
    assert not verdict.allowed
    assert verdict.rule == rule
    assert verdict.findings[0].where
    assert len(verdict.reason) < 400


@pytest.mark.parametrize("content", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_payloads_in_containers(content: bytes) -> None:
    assert not scan(content).allowed


@pytest.mark.parametrize("content", [*(one[2] for one in ALL_STRUCTURES), *CONTAINERS.values()])
@pytest.mark.parametrize("declared", [one for one in DeclaredFormat if one is not DeclaredFormat.CSV])
def test_declaring_something_else_does_not_help(content: bytes, declared: DeclaredFormat) -> None:
    assert not scan(content, declared).allowed


def test_payloads_in_numpy_files() -> None:
    evil = malicious.evil_npy()
    assert scan(evil, DeclaredFormat.NUMPY).findings[0].rule == "pickle.name"
    assert scan(malicious.npz_file(a_npy=malicious.npy_of(1), b_npy=evil), DeclaredFormat.NUMPY).findings
    assert scan(malicious.npy_of(1) + calls("os", "system", "id"), DeclaredFormat.NUMPY).findings


def test_torch_files_are_told_and_refused() -> None:
    verdict = scan(malicious.torch_file(calls("os", "system", "id")))
    assert verdict.format is FileFormat.TORCH
    assert verdict.rule == "file.format"
    assert "torch" in verdict.reason


def hidden(folder: Path) -> bytes:
    """A joblib file whose payload a reader meets only if it passes over the array as joblib does."""
    content = malicious.joblib_array((1,), malicious.FLOAT, b"\x40" * 8)
    return b"\x80\x03" + content + malicious.name("os", "mkdir") + malicious.values(str(folder)) + b"R\x86."


def test_a_payload_behind_an_array_runs_escapes_the_deny_list_and_is_refused(tmp_path: Path) -> None:
    content = hidden(tmp_path / "made")
    joblib.load(io.BytesIO(content))
    assert (tmp_path / "made").is_dir()

    logging.getLogger("picklescan").setLevel(logging.CRITICAL)
    alone = scan_pickle_bytes(io.BytesIO(content), "file")
    assert ("os", "mkdir") not in {(one.module, one.name) for one in alone.globals}

    verdict = scan(content)
    assert {finding.rule for finding in verdict.findings} == {"pickle.name", "denylist.name"}
    assert "os:mkdir" in verdict.names


def test_all_unknown_names_are_listed() -> None:
    content = (
        b"\x80\x02"
        + malicious.name("my.steps", "Cleaner")
        + b")\x81"
        + malicious.name("my.steps", "f")
        + b"\x86."
    )
    verdict = scan(content)
    assert [finding.what for finding in verdict.findings] == [
        "my.steps:Cleaner is not on the allow-list",
        "my.steps:f is not on the allow-list",
    ]
    assert verdict.reason.endswith("(and 1 more)")
