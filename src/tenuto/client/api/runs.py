"""Code and runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

import msgspec

from tenuto.client.api.calls import Calls, Request
from tenuto.client.words import Artifact, Items, Log, Run, RunDetail


class Runs:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def upload_code(self, archive: BinaryIO, size: int, *, name: str = "project") -> Artifact:
        """Send a packed project of ``size`` bytes. The digest of the answer names it in ``submit``."""
        request = Request("POST", "/api/v1/code", query={"name": name})
        return self._calls.upload(request, archive, size, "application/x-tar", Artifact)

    def submit(
        self, graph: bytes, *, code: str, parameters: Mapping[str, str] | None = None, seed: int = 0
    ) -> Run:
        """Start a run of a traced pipeline (its JSON). ``parameters`` are typed JSON by name."""
        body = {"graph": msgspec.Raw(graph), "code": code, "parameters": parameters or {}, "seed": seed}
        return self._calls.send(Request("POST", "/api/v1/runs", body=body), Run)

    def listing(self) -> list[Run]:
        """Return the runs of the workspace, newest first."""
        return self._calls.send(Request("GET", "/api/v1/runs"), Items[Run]).items

    def get(self, run: str) -> RunDetail:
        """Return a run with each of its tasks, how often each ran, and why."""
        return self._calls.send(Request("GET", "/api/v1/runs/{run}", {"run": run}), RunDetail)

    def logs(self, run: str, *, node: str | None = None) -> list[Log]:
        """Return what the steps of a run printed, or one of its nodes."""
        request = Request("GET", "/api/v1/runs/{run}/logs", {"run": run}, {"node": node})
        return self._calls.send(request, Items[Log]).items

    def cancel(self, run: str) -> Run:
        """Ask a run to stop soon."""
        return self._calls.send(Request("POST", "/api/v1/runs/{run}/cancel", {"run": run}), Run)
