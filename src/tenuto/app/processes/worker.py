"""The worker: takes runs from the journal and has their steps run in children."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from functools import partial

import msgspec

from tenuto.app.building import Platform, build
from tenuto.app.own_steps import PlatformSteps
from tenuto.app.settings import Settings
from tenuto.pipelines.code.environment import InstalledEnvironment
from tenuto.pipelines.code.folder import ProjectCache
from tenuto.pipelines.execution.executor import PRELOADED, ExecutorConfig, StepExecutor
from tenuto.pipelines.worker.loop import Worker
from tenuto.pipelines.worker.tools import Tools
from tenuto.store.bell import Bell
from tenuto.store.database import Role


def run(settings: Settings, ready: Callable[[], None]) -> None:
    """Work until told to stop. Runs under way are taken up again by the next worker."""
    platform = build(settings)
    config = ExecutorConfig(
        settings.home / "work" / "steps",
        idle_seconds=settings.idle_seconds,
        preload=("tenuto.client", *PRELOADED),  # what a step's file imports first
    )
    try:
        work(platform, tools(platform, config), ready)
    finally:
        platform.close()


def tools(platform: Platform, config: ExecutorConfig) -> Tools:
    """Return what a worker of this installation works with."""
    folder = platform.settings.home / "work"
    environment = InstalledEnvironment()
    holder = platform.desk.ids.new()
    owned = msgspec.structs.replace(config, owner=holder)
    return Tools(
        desk=platform.desk,
        blobs=platform.blobs,
        executor=StepExecutor(owned, environment.digest, platform.desk.clock),
        own_steps=PlatformSteps(platform),
        projects=ProjectCache(folder / "projects"),
        environment=environment,
        scratch=folder / "runs",
        workers=folder / "workers",
        holder=holder,
        runs=platform.settings.worker_runs,
    )


def work(platform: Platform, given: Tools, ready: Callable[[], None]) -> None:
    """Take runs until SIGTERM or SIGINT, then end what was started for them. Call from the main thread."""
    worker = Worker(given)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, partial(_stop, worker, stopping))
    listener = threading.Thread(
        target=_listen, args=(platform.desk.database.raw_url(Role.SYSTEM), worker, stopping), daemon=True
    )
    listener.start()
    ready()
    try:
        worker.run()
    finally:
        given.executor.close()


def _stop(worker: Worker, stopping: threading.Event, _number: int, _frame: object) -> None:
    stopping.set()
    worker.stop()


def _listen(dsn: str, worker: Worker, stopping: threading.Event) -> None:
    """Look for a run as soon as one is submitted."""
    bell = Bell(dsn)
    while not stopping.is_set():
        if bell.wait(1.0):
            worker.ring()
    bell.close()
