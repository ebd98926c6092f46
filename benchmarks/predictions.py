"""What one prediction costs the server in CPU, through the whole HTTP path, by format and number of callers."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from tenuto.core.digests import digest_of
from tenuto.serving.conversion.convert import to_skops
from tenuto.serving.conversion.package import package_estimator
from tenuto.serving.host.control import ControlClient
from tenuto.serving.words import Deployment, DeploymentTable, ModelFormat, ModelSpec

SECONDS = 2.0
CALLERS = (1, 16, 64)
ROUNDS = 3
HEALTH = b"GET /v2/health/live HTTP/1.1\r\nHost: bench\r\n\r\n"
TICK = 1 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    rows, truth = load_breast_cancer(return_X_y=True)
    model = HistGradientBoostingClassifier(random_state=0).fit(rows, truth)
    with tempfile.TemporaryDirectory(prefix="tenuto-bench-") as home:
        specs = _specs(model, rows, Path(home))
        command = [sys.executable, "-m", "tenuto.serving.host", "--uds", f"{home}/door", "--control"]
        with subprocess.Popen([*command, f"{home}/control"]) as server:
            try:
                while not Path(f"{home}/control").exists():
                    time.sleep(0.02)
                table = asyncio.run(_measure(home, server.pid, specs, rows))
            finally:
                server.terminate()
    table.insert(
        0, ["the estimator alone: predict and predict_proba", "", f"{_alone(model, rows):.0f}", "", "", ""]
    )
    print(json.dumps(_report(table)))


def _report(table: list[list[str]]) -> dict[str, Any]:
    return {
        "title": "Predictions: CPU per request",
        "conditions": (
            f"HistGradientBoosting, 100 trees, 30 features, one row a request as JSON over a unix socket; "
            f"server and callers share two cores; median of {ROUNDS} rounds of {SECONDS:g} s, "
            f"load {os.getloadavg()[0]:.1f} when they ended"
        ),
        "columns": [
            "served as",
            "callers",
            "CPU us a request",
            "lowest to highest",
            "requests/s",
            "rows a batch",
        ],
        "rows": table,
    }


def _specs(model: Any, rows: Any, folder: Path) -> dict[str, ModelSpec]:
    packaged = package_estimator(model, rows)
    onnx = packaged.conversion
    if onnx.format is not ModelFormat.ONNX:
        raise SystemExit(f"no parity: {onnx.refused}")
    content, types = to_skops(model)
    files = {"ONNX": (ModelFormat.ONNX, onnx.content, ()), "native": (ModelFormat.SKOPS, content, types)}
    specs = {}
    for name, (form, data, trusted) in files.items():
        path = folder / name
        path.write_bytes(data)
        specs[name] = ModelSpec(
            name=name,
            version="1",
            digest=digest_of(data),
            format=form,
            path=str(path),
            signature=packaged.signature,
            sample=packaged.sample,
            expected=packaged.expected,
            trusted_types=trusted,
        )
    return specs


async def _measure(home: str, pid: int, specs: dict[str, ModelSpec], rows: Any) -> list[list[str]]:
    control = ControlClient(f"{home}/control")
    requests = {name: _request(name, rows) for name in specs}
    deployments = tuple(Deployment(name, spec) for name, spec in specs.items())
    outcome = await control.apply(DeploymentTable(1, deployments))
    if not outcome.complete:
        raise SystemExit(f"not deployed: {outcome}")
    table = []
    for name, request in {"no model: a health check": HEALTH, **requests}.items():
        for callers in CALLERS:
            before = await _batches(control, name)
            found = [await _round(f"{home}/door", pid, request, callers) for _ in range(ROUNDS)]
            batch = await _mean_batch(control, name, before, sum(count for _, count in found))
            spent = [cpu / count * 1e6 for cpu, count in found]
            rate = statistics.median(count for _, count in found) / SECONDS
            median, spread = f"{statistics.median(spent):.0f}", f"{min(spent):.0f} to {max(spent):.0f}"
            table.append([name, str(callers), median, spread, f"{rate:,.0f}", batch])
    return table


async def _round(door: str, pid: int, request: bytes, callers: int) -> tuple[float, int]:
    start = _cpu(pid)
    end = time.monotonic() + SECONDS
    counts = await asyncio.gather(*(_caller(door, request, end) for _ in range(callers)))
    return _cpu(pid) - start, sum(counts)


async def _caller(door: str, request: bytes, end: float) -> int:
    reader, writer = await asyncio.open_unix_connection(door)
    count = 0
    while time.monotonic() < end:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"refused: {head!r}")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        count += 1
    writer.close()
    return count


def _request(endpoint: str, rows: Any) -> bytes:
    tensor = {"name": "input", "shape": [1, 30], "datatype": "FP64", "data": rows[0].tolist()}
    body = json.dumps({"inputs": [tensor]}).encode()
    head = f"POST /v2/models/{endpoint}/infer HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _cpu(pid: int) -> float:
    """Seconds of CPU of the process and its model processes, in the kernel and out of it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_own_cpu(int(each)) for each in (pid, *children))


def _own_cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


async def _batches(control: ControlClient, name: str) -> int:
    status = await control.status()
    return sum(sum(model.batches.values()) for model in status.models if model.name == name)


async def _mean_batch(control: ControlClient, name: str, before: int, requests: int) -> str:
    batches = await _batches(control, name) - before
    return f"{requests / batches:.1f}" if batches else "1"


def _alone(model: Any, rows: Any) -> float:
    """Microseconds of CPU for ``predict`` and ``predict_proba``, which is what a request asks for."""
    with threadpool_limits(1):
        start = time.process_time()
        for place in range(300):
            model.predict(rows[place : place + 1])
            model.predict_proba(rows[place : place + 1])
        return (time.process_time() - start) / 300 * 1e6


if __name__ == "__main__":
    main()
