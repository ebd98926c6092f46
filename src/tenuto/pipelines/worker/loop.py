"""The worker: takes one run after the other, for as long as it lives."""

from __future__ import annotations

import logging
import threading

from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope, system_actor
from tenuto.pipelines import queries
from tenuto.pipelines.errors import RUN_STUCK
from tenuto.pipelines.records import Held
from tenuto.pipelines.words import RunStatus
from tenuto.pipelines.worker.driving import drive
from tenuto.pipelines.worker.files import folders_of_runs, sweep
from tenuto.pipelines.worker.tools import Tools
from tenuto.pipelines.worker.transitions import finish
from tenuto.store.database import Role

_log = logging.getLogger(__name__)
_SCOPE = Scope(system_actor("worker"))


class Worker:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stopping = threading.Event()
        self._bell = threading.Event()

    def ring(self) -> None:
        """Look for a run now."""
        self._bell.set()

    def stop(self) -> None:
        self._stopping.set()
        self._bell.set()

    def run(self, idle_seconds: float = 1.0) -> None:
        """Take runs until stopped. A run under way is let go to whoever takes it up next."""
        self._tidy()
        while not self._stopping.is_set():
            if not self.once():
                self._bell.wait(idle_seconds)
                self._bell.clear()

    def once(self) -> bool:
        """Take one run and drive it. Returns False when none waits, or when trouble asks for a pause."""
        try:
            held = self._claim()
            if held is None:
                return False
            self._drive(held)
        except TenutoError as error:
            _log.warning("worker.trouble fault=%s detail=%s", error.fault.code, error.detail)
            return False
        except Exception:  # noqa: BLE001 (a supervisor: one run's trouble must not end the worker)
            _log.exception("worker.broken")
            return False
        return True

    def _tidy(self) -> None:
        folders = folders_of_runs(self._tools.scratch)
        try:
            with self._tools.desk.database.begin(_SCOPE, Role.SYSTEM) as tx:
                open_runs = queries.open_runs(tx)
        except TenutoError as error:
            _log.warning("worker.untidied fault=%s detail=%s", error.fault.code, error.detail)
            return
        sweep(folders, open_runs)

    def _claim(self) -> Held | None:
        tools = self._tools
        with tools.desk.database.begin(_SCOPE, Role.SYSTEM) as tx:
            held = queries.claim(tx, tools.holder, tools.lease_seconds)
            if held is not None:
                tools.passing("claiming")
        if held is not None:
            tools.passing("claimed")
        return held

    def _drive(self, held: Held) -> None:
        """Drive a run. One that can never go on ends here; what may pass is tried again when its lease is over."""
        _log.info("run.taken run=%s pipeline=%s fence=%d", held.run.id, held.run.pipeline, held.fence)
        if held.run.fault is not None:  # set aside, or it would be taken again and again before all others
            _log.error("run.unreadable run=%s fault=%s", held.run.id, held.run.fault)
            finish(self._tools, held, RunStatus.FAILED, held.run.fault)
            return
        try:
            drive(self._tools, held, self._stopping)
        except TenutoError as error:
            if error.fault.retryable:
                raise
            _log.error("run.broken run=%s fault=%s detail=%s", held.run.id, error.fault.code, error.detail)
            finish(self._tools, held, RunStatus.FAILED, f"{error.fault.code}: {error}")
        except OSError:
            _log.exception("run.interrupted run=%s", held.run.id)
        except Exception as error:  # noqa: BLE001 (a supervisor: a defect must not hold up all other runs)
            _log.exception("run.broken run=%s", held.run.id)
            finish(self._tools, held, RunStatus.FAILED, f"{RUN_STUCK.code}: {type(error).__name__}")
