"""What a whole platform does with wrong input and with a database that stands still."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from support.running import CommandLine, RunningPlatform
from system.platform.doors import ask, standing_still

_STOPPED_SECONDS = 10.0
_LARGE = 50 * 2**20  # bytes


def _error(told: Any) -> dict[str, Any]:
    error: dict[str, Any] = told["error"]
    assert error["code"], error
    return error


@pytest.mark.capability("C4")
@pytest.mark.parametrize("place", [8, -1])
def test_a_key_with_one_wrong_character_is_refused(running_platform: RunningPlatform, place: int) -> None:
    characters = list(running_platform.key)
    characters[place] = "a" if characters[place] != "a" else "b"
    status, told = ask(
        running_platform, "GET", "/api/v1/whoami", authorization=f"Bearer {''.join(characters)}"
    )
    assert status == 401
    assert _error(told)["fix"]


@pytest.mark.parametrize("path", ["/api/v1/apply", "/v1/chat/completions"])
def test_fifty_megabytes_are_refused_and_the_next_request_is_served(
    running_platform: RunningPlatform, path: str
) -> None:
    status, told = ask(running_platform, "POST", path, b'{"documents": "' + b"x" * _LARGE + b'"}')
    assert status in {401, 413}, told
    assert _error(told)
    assert ask(running_platform, "GET", "/api/v1/whoami")[0] == 200


@pytest.mark.parametrize("path", ["/api/v1/apply", "/api/v1/plan"])
@pytest.mark.parametrize(
    "body", [b'{"documents": [\xff\xfe]}', b'{"documents": ["\xed\xa0\x80"]}', b"{", b""]
)
def test_what_is_no_json_is_told(running_platform: RunningPlatform, path: str, body: bytes) -> None:
    status, told = ask(running_platform, "POST", path, body)
    assert status in {400, 422}, told
    assert _error(told)["fix"]


def test_ten_seconds_without_a_database_lose_nothing(
    running_platform: RunningPlatform, owner: CommandLine
) -> None:
    """Each change that was taken is there once; each that was not was refused with a fix and may be sent again."""
    told: dict[str, int] = {}

    def apply(name: str) -> None:
        document = {"kind": "Workspace", "name": name, "spec": {"environment": "development"}}
        body = json.dumps({"documents": [document]}).encode()
        told[name], answer = ask(running_platform, "POST", "/api/v1/apply", body)
        assert told[name] < 300 or _error(answer)["retryable"], answer

    names = [f"still-{number}" for number in range(5)]
    threads = [threading.Thread(target=apply, args=(name,)) for name in names]
    with standing_still(running_platform.home):
        for thread in threads:
            thread.start()
        time.sleep(_STOPPED_SECONDS)
    for thread in threads:
        thread.join(60)
    assert set(told) == set(names)
    kept = {one["name"] for one in owner.json("get", "workspace")["items"]}
    taken = {name for name, status in told.items() if status < 300}
    assert taken, "none of them waited for the database and went on"
    assert taken == kept & set(names)
    owner("audit", "verify")
