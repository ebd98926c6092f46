"""Background tasks of the control process: each under a lease, so that one process at a time does it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope, system_actor
from tenuto.store import leases
from tenuto.store.database import Database, Role

_log = logging.getLogger(__name__)
_LEASE_SECONDS = 15.0
_SCOPE = Scope(system_actor("leases"))


class Task(msgspec.Struct, frozen=True):
    """``work`` returns True when there may be more to do at once. ``every`` is the longest pause, in seconds."""

    name: str
    every: float
    work: Callable[[], bool]


class TaskRunner:
    """Runs tasks until stopped. ``holder`` names this process; ``ring`` wakes every task."""

    def __init__(self, database: Database, holder: str, tasks: Sequence[Task]) -> None:
        self._database = database
        self._holder = holder
        self._stopping = threading.Event()
        self._bells = {task.name: threading.Event() for task in tasks}
        self._threads = [
            threading.Thread(target=self._run, args=(task,), name=f"task-{task.name}", daemon=True)
            for task in tasks
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def ring(self) -> None:
        for bell in self._bells.values():
            bell.set()

    def stop(self) -> None:
        self._stopping.set()
        self.ring()
        for thread in self._threads:
            thread.join(timeout=10)

    def _run(self, task: Task) -> None:
        bell = self._bells[task.name]
        while not self._stopping.is_set():
            more = self._once(task)
            if not more:
                bell.wait(task.every)
                bell.clear()
        self._release(task)

    def _once(self, task: Task) -> bool:
        """Do the task once if the lease is ours. A fault is logged, and the next round tries again."""
        try:
            with self._database.begin(_SCOPE, Role.SYSTEM) as tx:
                held = leases.take(tx, f"task:{task.name}", self._holder, _LEASE_SECONDS + task.every)
            return held is not None and task.work()
        except TenutoError as error:
            _log.warning("task.failed task=%s fault=%s detail=%s", task.name, error.fault.code, error.detail)
        except Exception:  # noqa: BLE001 (a supervisor: a defect in one task must not end the others)
            _log.exception("task.broken task=%s", task.name)
        return False

    def _release(self, task: Task) -> None:
        try:
            with self._database.begin(_SCOPE, Role.SYSTEM) as tx:
                leases.release(tx, f"task:{task.name}", self._holder)
        except TenutoError as error:
            _log.warning("task.unreleased task=%s fault=%s", task.name, error.fault.code)
