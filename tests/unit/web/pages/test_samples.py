"""The first call as it is copied."""

from __future__ import annotations

import ast
import json
import re
import shlex

from tenuto.web.pages.start.samples import samples

SHOWN = samples("http://127.0.0.1:8484", "assistant", "tnt_live_x")


def test_the_key_stands_in_the_environment_only() -> None:
    assert SHOWN.key == "export GATEWAY_KEY=tnt_live_x"
    assert "tnt_live_x" not in SHOWN.curl + SHOWN.python


def test_the_shell_reads_the_call_as_meant() -> None:
    words = shlex.split(SHOWN.curl)
    assert words[:2] == ["curl", "http://127.0.0.1:8484/v1/chat/completions"]
    assert json.loads(words[words.index("-d") + 1])["model"] == "assistant"
    assert re.search(r"Bearer \$GATEWAY_KEY", SHOWN.curl)


def test_the_program_is_python() -> None:
    ast.parse(SHOWN.python)
