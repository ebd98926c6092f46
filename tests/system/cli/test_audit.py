"""The audit log through the real command: read, verified, exported, and verified again with nobody's help."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from support.running import CommandLine, RunningPlatform

pytestmark = [pytest.mark.system, pytest.mark.capability("C7")]


@pytest.fixture
def bundle(owner: CommandLine) -> Path:
    """An exported log with the public key beside it."""
    owner("secret", "set", "watched", typed="x\n")
    (owner.folder / "audit.pub").write_text(owner("audit", "key").stdout)
    assert owner.json("audit", "export", "audit.zip")["bytes"] > 0
    return owner.folder / "audit.zip"


@pytest.fixture
def offline(owner: CommandLine) -> CommandLine:
    """The same folder, with no platform to be found."""
    return CommandLine(owner.folder, {"TENUTO_URL": "http://127.0.0.1:9"})


def test_the_log_says_who_did_what(owner: CommandLine) -> None:
    owner("secret", "set", "watched", typed="x\n")
    found = owner.json("audit", "list", "--action", "govern:secret:write", "--limit", "1")["items"]
    assert [one["record"]["actor"]["name"] for one in found] == ["Ann"]
    assert "govern:secret:write" in owner("audit", "list", "--limit", "5").stdout
    many = owner.json("audit", "list", "--limit", "3")
    assert len(many["items"]) == 3
    assert many["next"]


def test_the_log_verifies_online(owner: CommandLine) -> None:
    report = owner.json("audit", "verify")
    assert report["problem_count"] == 0
    assert report["tail_proven"] == report["records"]
    assert owner("audit", "verify").stdout.endswith("sound\n")


def test_a_bundle_verifies_without_a_platform(
    offline: CommandLine, bundle: Path, running_platform: RunningPlatform
) -> None:
    report = offline.json(
        "audit", "verify-bundle", bundle, "--key=audit.pub", "--checkpoint", running_platform.checkpoints
    )
    assert report["problem_count"] == 0
    assert report["tail_proven"] is not None
    assert report["unproven"] == []
    key = (offline.folder / "audit.pub").read_text().strip()
    weaker = offline("audit", "verify-bundle", bundle, "--key", key).stdout
    assert "unproven: " in weaker
    assert "public key came with the bundle" in offline("audit", "verify-bundle", bundle).stdout


@pytest.mark.parametrize(("old", "new"), [("govern:secret:write", "govern:secret:delete"), ("Ann", "Eve")])
def test_an_edited_bundle_is_seen(offline: CommandLine, bundle: Path, old: str, new: str) -> None:
    folder = offline.folder / "edited"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    records = folder / "records.jsonl"
    records.write_text(records.read_text().replace(old, new, 1))
    done = offline("audit", "verify-bundle", folder, "--key=audit.pub", expect=1)
    assert "edited: " in done.stdout
    assert "cli.log_not_sound" in done.stderr


def test_a_bundle_without_its_last_record_is_seen(offline: CommandLine, bundle: Path) -> None:
    folder = offline.folder / "cut"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    records = folder / "records.jsonl"
    records.write_text("".join(records.read_text().splitlines(keepends=True)[:-1]))
    done = offline("audit", "verify-bundle", folder, "--key=audit.pub", "--json", expect=1)
    assert json.loads(done.stdout)["problem_count"] > 0
    assert json.loads(done.stderr)["error"]["code"] == "cli.log_not_sound"


def test_an_export_never_replaces_a_file(owner: CommandLine, bundle: Path) -> None:
    before = bundle.read_bytes()
    assert owner.json("audit", "export", bundle, expect=1)["code"] == "client.file_not_written"
    assert bundle.read_bytes() == before


@pytest.mark.parametrize("name", ["missing.zip", "audit.pub"])
def test_what_is_no_bundle_is_told(offline: CommandLine, bundle: Path, name: str) -> None:
    error = offline.json("audit", "verify-bundle", offline.folder / name, expect=1)
    assert error["code"] == "govern.bundle_unreadable"
