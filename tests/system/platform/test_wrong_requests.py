"""Requests that are too large, cut off, of the wrong key or no text: refused early, and nothing is half-written."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from support.gateway_host import UPSTREAM_KEY, SimulatorProcess
from support.running import TENUTO, CommandLine, RunningPlatform
from system.platform.doors import Answer, ask, standing_still

pytestmark = pytest.mark.system

THREE_GIGABYTES = 3 << 30
MEGABYTE = b"x" * (1 << 20)
_UPLOADS = 200_000_000  # bytes, the setting
_PATIENCE = 60.0


def most_memory(platform: RunningPlatform) -> dict[str, int]:
    """Return the most memory that each process ever held, in KiB."""
    status = {name: Path(f"/proc/{pid}/status").read_text() for name, pid in platform.pids.items()}
    return {name: int(re.findall(r"VmHWM:\s+(\d+)", text)[0]) for name, text in status.items()}


def pour(platform: RunningPlatform, framing: str, pieces: Iterator[bytes]) -> tuple[int, Answer]:
    """Upload until the platform answers. Returns how many bytes went out, and the answer."""
    host = platform.address.removeprefix("http://")
    head = (
        f"POST /api/v1/code HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {platform.key}\r\n"
        f"tenuto-workspace: lab\r\n{framing}\r\n\r\n"
    )
    sent = 0
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=_PATIENCE) as connection:
        connection.sendall(head.encode())
        try:
            for piece in pieces:
                connection.sendall(piece)
                sent += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered before it read everything
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return sent, (answer.status, json.loads(answer.read()))


def plain() -> Iterator[bytes]:
    yield from (MEGABYTE for _ in range(THREE_GIGABYTES // len(MEGABYTE)))


def chunked() -> Iterator[bytes]:
    yield from (b"%x\r\n%b\r\n" % (len(MEGABYTE), MEGABYTE) for _ in range(THREE_GIGABYTES // len(MEGABYTE)))


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(
    ("framing", "pieces", "most"),
    [
        (f"content-length: {THREE_GIGABYTES}", plain, 64 << 20),
        ("transfer-encoding: chunked", chunked, _UPLOADS + (64 << 20)),
    ],
    ids=["announced", "not announced"],
)
def test_three_gigabytes_are_refused_early_and_take_no_memory(
    running_platform: RunningPlatform, framing: str, pieces: Any, most: int
) -> None:
    before = most_memory(running_platform)
    sent, (status, told) = pour(running_platform, framing, pieces())
    assert (status, told["error"]["code"]) == (413, "web.body_too_large")
    assert str(_UPLOADS) in told["error"]["detail"]
    assert "`upload_limit`" in told["error"]["fix"]
    assert sent < most
    after = most_memory(running_platform)
    assert all(after[name] < held + 48 * 1024 for name, held in before.items()), (before, after)


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("framing", ["content-length: 3145728", "transfer-encoding: chunked"])
def test_an_upload_that_the_client_cuts_leaves_nothing(
    running_platform: RunningPlatform, framing: str
) -> None:
    host = running_platform.address.removeprefix("http://")
    head = (
        f"POST /api/v1/code HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {running_platform.key}\r\n"
        f"tenuto-workspace: lab\r\n{framing}\r\n\r\n"
    )
    name, _, port = host.partition(":")
    piece = MEGABYTE if "length" in framing else b"%x\r\n%b\r\n" % (len(MEGABYTE), MEGABYTE)
    with socket.create_connection((name, int(port)), timeout=_PATIENCE) as connection:
        connection.sendall(head.encode() + piece)
        wait_until(lambda: any((running_platform.home / "uploads").iterdir()))
    wait_until(lambda: not any((running_platform.home / "uploads").iterdir()))


@pytest.mark.capability("C4")
def test_a_slip_in_a_key_is_noticed_without_asking_the_database(
    running_platform: RunningPlatform, lab: CommandLine
) -> None:
    slip = _with_slip(running_platform.key)
    refused = lab.with_environment(TENUTO_TOKEN=slip).json("whoami", expect=1)
    assert refused["code"] == "govern.key_malformed"
    with standing_still(running_platform.home):
        answers = [
            ask(running_platform, method, path, b"{}", authorization=f"Bearer {slip}")
            for method, path in (("GET", "/api/v1/whoami"), ("POST", "/v1/chat/completions"))
        ]
    assert [status for status, _ in answers] == [401, 401]
    for _, told in answers:
        assert "checksum does not fit" in json.dumps(told["error"]), told
    assert slip not in json.dumps(answers)


def _with_slip(key: str) -> str:
    return key[:-9] + ("a" if key[-9] != "a" else "b") + key[-8:]


DECLARED = """\
kind: EgressRule
name: simulator
spec: {{host: 127.0.0.1, port: {port}, private: true}}
---
kind: Provider
name: simulator
spec: {{dialect: openai, profile: openai-compatible, base_url: "{url}/v1", secret: simulator}}
---
kind: Price
name: simulator
spec: {{provider: simulator, model: "*", input: "150", output: "600"}}
---
kind: Route
name: chat
workspace: lab
spec: {{upstreams: [{{provider: simulator, model: sim-1}}], output_cap: 400}}
"""


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    process = SimulatorProcess(tmp_path_factory.mktemp("simulator") / "log", "--pause-ms=50")
    yield process
    process.kill()


@pytest.fixture
def chat(lab: CommandLine, simulator: SimulatorProcess) -> Iterator[openai.OpenAI]:
    """The official client, on a route to the simulator."""
    port = simulator.url.rpartition(":")[2]
    lab.with_environment(TENUTO_WORKSPACE="")("secret", "set", "simulator", typed=UPSTREAM_KEY)
    (lab.folder / "chat.yaml").write_text(DECLARED.format(url=simulator.url, port=port))
    lab("apply", "-f", "chat.yaml")
    made = lab.json("key", "create", "chat", "--purpose", "gateway")
    client = openai.OpenAI(base_url=f"{lab.environment['TENUTO_URL']}/v1", api_key=made["key"], max_retries=0)
    with client:
        _until_served(client)
        yield client


def _until_served(client: openai.OpenAI) -> None:
    """Wait until the gateway has heard of the key and the route."""

    def served() -> bool:
        try:
            return any(one.id == "chat" for one in client.models.list())
        except openai.AuthenticationError:
            return False

    wait_until(served)


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.mark.capability("G8")
def test_a_stream_that_the_client_cuts_is_settled_once_and_ended_upstream(
    chat: openai.OpenAI, lab: CommandLine, simulator: SimulatorProcess
) -> None:
    before = len(lab.json("ledger", "list")["items"])
    said = " ".join(f"word{number}" for number in range(300))
    with chat.chat.completions.create(
        model="chat", messages=[{"role": "user", "content": said}], stream=True
    ) as stream:
        heard = [chunk for _, chunk in zip(range(5), stream, strict=False)]
    assert heard
    wait_until(lambda: len(lab.json("ledger", "list")["items"]) > before)
    [call, *_] = lab.json("ledger", "list")["items"]
    assert call["status"] == "client_gone"
    assert call["streamed"]
    assert call["input_tokens"] > 0
    assert call["cost"] is not None
    wait_until(lambda: simulator.lines() and simulator.lines()[-1]["ended"] != "complete")
    assert len(lab.json("ledger", "list")["items"]) == before + 1
    lab("audit", "verify")


def test_fifty_megabytes_are_told_to_the_official_client(chat: openai.OpenAI, lab: CommandLine) -> None:
    before = len(lab.json("ledger", "list")["items"])
    with pytest.raises(openai.APIStatusError) as refused:
        chat.chat.completions.create(model="chat", messages=[{"role": "user", "content": "x" * 50_000_000}])
    assert refused.value.status_code == 413
    assert refused.value.code == "request_too_large"
    assert "32000000" in refused.value.message
    assert len(lab.json("ledger", "list")["items"]) == before


def test_what_is_not_utf8_is_told_by_its_byte(chat: openai.OpenAI, running_platform: RunningPlatform) -> None:
    body = b'{"model":"chat","messages":"\xff"}'
    status, told = ask(
        running_platform, "POST", "/v1/chat/completions", body, authorization=f"Bearer {chat.api_key}"
    )
    assert (status, told["error"]["code"]) == (400, "invalid_utf8")
    assert "byte 28 is 0xff" in told["error"]["message"]


def test_a_download_that_the_disk_does_not_take_leaves_no_file(lab: CommandLine) -> None:
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 1; exec {TENUTO} audit export log.zip --json"],
        cwd=lab.folder,
        env=lab.whole_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    error = json.loads(done.stderr)["error"]
    assert (done.returncode, error["code"]) == (1, "client.file_not_written")
    assert "log.zip: File too large" in error["detail"]
    assert not (lab.folder / "log.zip").exists()
