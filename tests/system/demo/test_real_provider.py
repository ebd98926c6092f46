"""``--provider``: the shipped simulator poses as a real one, at the address that the provider's own SDK reads."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tenuto.cli.demo.gateway_steps import PERSONAL
from tenuto.cli.demo.script import STEPS
from tenuto.cli.demo.simulators import simulator

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


def test_calls_go_to_the_provider_masked_and_the_key_stays_where_it_was(demo: Any, tmp_path: Path) -> None:
    key = secrets.token_hex(16)
    with simulator(tmp_path / "posing.jsonl", key) as posing:
        environment = {"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": posing.address}
        run = demo("--provider=anthropic", "--model=sim-small", **environment)
        assert run.end() == 0, run.said[-3000:]
        received = posing.heard()
    report = run.report()
    assert [row["key"] for row in report["rows"]] == list(STEPS)
    assert report["provider"] == {
        "name": "anthropic",
        "model": "sim-small",
        "address": f"{posing.address}/v1",
    }
    [ledger] = [row["facts"] for row in report["rows"] if row["key"] == "ledger"]
    answered = [one for one in received if one["path"] == "/v1/messages"]
    assert len(answered) == ledger["calls"] - 2  # the first simulator answered two, and was killed
    told = msgspec.json.encode(received).decode()
    assert not [value for value in PERSONAL if value in told]
    pages = list((run.folder / "into").glob("demo-report*"))
    assert len(pages) == 3
    assert not [page for page in pages if key in page.read_text("utf-8")]
    assert key not in run.said
    run.assert_nothing_is_left()


def test_without_a_key_nothing_is_started(demo: Any) -> None:
    run = demo("--provider=openai")
    assert run.end() == 1
    assert "OPENAI_API_KEY is not set" in run.said
    assert "fix: Set the variable" in run.said
    assert list((run.folder / "into").iterdir()) == []
    run.assert_nothing_is_left()
