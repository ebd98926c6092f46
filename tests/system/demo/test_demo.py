"""The demo happens, its report says so, and nothing of it stays, however it ends."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from system.demo.running import Demo
from tenuto.cli.demo.door import Door
from tenuto.cli.demo.script import STEPS
from tenuto.cli.demo.texts import TEXTS

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

SIGN_IN = {"email": "e-mail", "password": "password"}


def test_both_languages_say_the_same_things() -> None:
    assert TEXTS["en"].keys() == TEXTS["fr"].keys()
    assert set(STEPS) <= TEXTS["en"].keys()


def test_the_whole_demo_happens_and_is_kept_until_ctrl_c(demo: Any) -> None:
    kept = demo("--keep")
    kept.until("Ctrl-C, or SIGTERM")
    console = _word_after(kept.said, "Its console:")
    assert console.endswith("/")
    assert Door(console).send("GET", "/sign-in", None, "")
    credentials = {name: _word_after(kept.said, word) for name, word in SIGN_IN.items()}
    key = Door(console).post("/api/v1/login", credentials)["key"]
    assert Door(console, key).get("/api/v1/whoami")["actor"]["name"] == "Ada Lovelace"
    kept.process.send_signal(signal.SIGINT)
    assert kept.end() == 0, kept.said[-3000:]
    kept.assert_nothing_is_left()
    _assert_all_of_it(kept)


def test_an_upstream_that_somebody_kills_is_noticed(demo: Any) -> None:
    sabotaged = demo()
    sabotaged.until("[1/11]")
    os.kill(sabotaged.simulators()[0], signal.SIGKILL)
    assert sabotaged.end() == 1
    assert sabotaged.report()["failure"]["key"] == "calls", sabotaged.said[-3000:]
    assert "NOT DONE" in sabotaged.said
    assert (sabotaged.folder / "into" / "demo-logs" / "worker.log").exists()
    sabotaged.assert_nothing_is_left()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_ended_in_the_middle_leaves_nothing(how: signal.Signals, demo: Any) -> None:
    ended = demo()
    ended.until("[2/11]")
    assert len(ended.simulators()) == 2
    ended.process.send_signal(how)
    assert ended.end() == (130 if how is not signal.SIGKILL else -signal.SIGKILL)
    ended.assert_nothing_is_left()


def _assert_all_of_it(demo: Demo) -> None:
    report = demo.report()
    assert report["failure"] is None
    assert [row["key"] for row in report["rows"]] == list(STEPS)
    for row in report["rows"]:
        assert row["evidence"] in demo.said
        assert {use["means"] for use in row["did"]}.isdisjoint(use["means"] for use in row["read"])
    for language, texts in TEXTS.items():
        page = (demo.folder / "into" / f"demo-report.{language}.html").read_text("utf-8")
        assert texts["title"] in page
        assert page.count("<svg") == 4


def _word_after(said: str, text: str) -> str:
    return said.partition(text)[2].split()[0]
