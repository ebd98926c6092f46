"""Fill the disk under a whole platform, watch what it answers, free the disk, and count. Executed by path.

Prints one JSON object a line: what was seen in each phase.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__ if "__file__" in globals() else sys.argv[0]).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import psycopg  # noqa: E402 (needs the path above)

from support.gateway_host import UPSTREAM_KEY, SimulatorProcess  # noqa: E402 (same)
from support.running import CommandLine, RunningPlatform, set_up, start_platform  # noqa: E402 (same)
from system.platform.doors import admin, apply, ask, data_folder, workspaces  # noqa: E402 (same)
from tenuto.core.errors import TenutoError  # noqa: E402 (same)
from tenuto.store.embedded.processes import postmaster_of  # noqa: E402 (same)

DECLARED = """\
kind: Workspace
name: lab
spec: {{environment: development}}
---
kind: Source
name: numbers
workspace: lab
spec: {{path: {folder}}}
---
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
QUESTION = b'{"model":"chat","messages":[{"role":"user","content":"is there room?"}]}'
_CRAMPED = 24 << 20  # bytes that are left: PostgreSQL could go on, and is not asked to
_PATIENCE = 60.0
_TRIES = 400


def say(phase: str, **seen: Any) -> None:
    sys.stdout.write(json.dumps({"phase": phase, **seen}) + "\n")


def main() -> None:
    disk, clients = Path(sys.argv[1]), Path(sys.argv[2])
    simulator = SimulatorProcess(clients / "simulator")
    platform = start_platform(disk / "home", TENUTO_DATABASE_WAIT="1")
    try:
        _drill(platform, _declared(platform, CommandLine(clients), simulator.url), disk)
        say("upstream", calls=len(simulator.lines()))
    finally:
        simulator.kill()
        say("stopped", code=platform.stop())


def _declared(platform: RunningPlatform, stranger: CommandLine, url: str) -> CommandLine:
    """Make an owner with a source and a route; the key of the calls comes to lie in their folder."""
    set_up(platform, stranger)
    owner = stranger.with_environment(TENUTO_URL=platform.address, TENUTO_TOKEN=platform.key)
    sources = platform.home / "sources"
    sources.mkdir(exist_ok=True)
    (sources / "numbers.csv").write_text("a,b\n1,x\n2,y\n")
    declared = DECLARED.format(folder=sources, port=url.rpartition(":")[2], url=url)
    (owner.folder / "lab.yaml").write_text(declared)
    owner("secret", "set", "simulator", typed=UPSTREAM_KEY)
    owner("apply", "-f", "lab.yaml")
    made = owner.json("key", "create", "chat", "--workspace", "lab")
    return owner.with_environment(CALLING_KEY=made["key"])


def _drill(platform: RunningPlatform, owner: CommandLine, disk: Path) -> None:
    _until_taken(platform, owner)  # the gateway has heard of the route
    say("before", told=_changes(platform, owner), kept=_kept(platform, owner))
    ballast = disk / "ballast"
    fill(ballast, leave=_CRAMPED)
    say("cramped", told=_changes(platform, owner), reads=_reads(platform), kept=_kept(platform, owner))
    fill(ballast)
    say("full", told=_changes(platform, owner), reads=_reads(platform), export=_refused_export(owner))
    say("database gone", gone=_drown(platform), told=_changes(platform, owner))
    ballast.unlink()
    say("after", told=_until_taken(platform, owner), kept=_kept(platform, owner), left=_left(platform.home))
    owner("audit", "verify")


def fill(ballast: Path, *, leave: int = 0) -> None:
    """Write until the disk is full, or until ``leave`` bytes of it are left."""
    found = os.statvfs(ballast.parent)
    with ballast.open("ab", buffering=0) as sink:
        if leave:
            os.posix_fallocate(sink.fileno(), 0, found.f_bavail * found.f_frsize - leave)
            return
        sink.seek(0, os.SEEK_END)
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    sink.write(b"\0" * size)
            except OSError:
                continue


def _changes(platform: RunningPlatform, owner: CommandLine) -> dict[str, Any]:
    """Try one change of each sort and return how each was answered."""
    headers = {"content_type": "application/x-tar"}
    caller = {"authorization": f"Bearer {owner.environment['CALLING_KEY']}"}
    tried = {
        "apply": apply(platform, f"w{time.monotonic_ns()}"),
        "ingest": ask(
            platform, "POST", "/api/v1/sources/numbers/ingest", b'{"dataset":"numbers"}', workspace="lab"
        ),
        "call": ask(platform, "POST", "/v1/chat/completions", QUESTION, **caller),
        "upload": ask(platform, "POST", "/api/v1/code", b"x" * 4096, workspace="lab", **headers),
    }
    return {name: _shown(*answer) for name, answer in tried.items()}


def _reads(platform: RunningPlatform) -> list[int]:
    paths = ("/api/v1/whoami", "/api/v1/datasets", "/health/liveness")
    return [ask(platform, "GET", path, workspace="lab")[0] for path in paths]


def _shown(status: int, told: Any) -> dict[str, Any]:
    error = told.get("error", {}) if isinstance(told, dict) else {}
    words = ("code", "fix", "message", "retryable")
    return {"status": status, **{name: error[name] for name in words if name in error}}


def _kept(platform: RunningPlatform, owner: CommandLine) -> dict[str, int]:
    _, datasets = ask(platform, "GET", "/api/v1/datasets", workspace="lab")
    calls = owner.json("ledger", "list", "--limit", "500", "--workspace", "lab")["items"]
    return {"workspaces": len(workspaces(owner)), "datasets": len(datasets["items"]), "calls": len(calls)}


def _refused_export(owner: CommandLine) -> dict[str, Any]:
    """An export is written down, and so it is a change."""
    refused = owner.json("audit", "export", "log.zip", expect=1)
    return {**refused, "left": (owner.folder / "log.zip").exists()}


def _drown(platform: RunningPlatform) -> bool:
    """Make PostgreSQL's log grow until it ends itself for want of room. Tells whether it did."""
    first = postmaster_of(data_folder(platform.home))
    for _ in range(_TRIES):
        with contextlib.suppress(psycopg.Error, TenutoError), admin(platform.home) as connection:
            connection.execute("select pg_logical_emit_message(true, 'drill', repeat('x', 1000000))")
        if postmaster_of(data_folder(platform.home)) != first:
            return True
    return False


def _until_taken(platform: RunningPlatform, owner: CommandLine) -> dict[str, Any]:
    """Send changes until all are taken: nobody lends a hand but by freeing the disk."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        told = _changes(platform, owner)
        if all(answer["status"] < 300 for answer in told.values()) or time.monotonic() > deadline:
            return told


def _left(home: Path) -> list[str]:
    """Return what lies half-written in the folders for files on their way."""
    folders = [home / name for name in ("staging", "uploads")]
    return [path.name for folder in folders if folder.exists() for path in folder.iterdir()]


main()
