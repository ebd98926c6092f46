"""The worker: takes runs and drives them, several at a time, for as long as it lives."""

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
from tenuto.pipelines.worker.presence import Presence
from tenuto.pipelines.worker.slots import Slots
from tenuto.pipelines.worker.tools import Tools
from tenuto.pipelines.worker.transitions import finish
from tenuto.store.database import Role

_log = logging.getLogger(__name__)
_SCOPE = Scope(system_actor("worker"))


class Worker:
    """Each run is driven in a thread of its own, under a lease of its own."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._slots = Slots(tools.slots)
        self._stopping = threading.Event()
        self._bell = threading.Event()
        self._driving: set[threading.Thread] = set()

    def ring(self) -> None:
        """Look for a run now."""
        self._bell.set()

    def stop(self) -> None:
        self._stopping.set()
        self._bell.set()

    def run(self, idle_seconds: float = 1.0) -> None:
        """Take runs until stopped. Runs under way are let go to whoever takes them up next."""
        try:
            with Presence(self._tools.workers, self._tools.holder) as presence:
                self._tidy()
                while not self._stopping.is_set():
                    self._bury(presence)
                    if not self._begin():
                        self._bell.wait(idle_seconds)
                        self._bell.clear()
                self._end()
        finally:
            self.stop()

    def once(self) -> bool:
        """Take one run and drive it here. Returns False when none waits, or when trouble asks for a pause."""
        held = self._take()
        return held is not None and self._drive(held)

    def _begin(self) -> bool:
        """Take one run more, if there is room for it and one waits."""
        self._driving = {thread for thread in self._driving if thread.is_alive()}
        if len(self._driving) >= self._tools.runs:
            return False
        held = self._take()
        if held is None:
            return False
        thread = threading.Thread(target=self._drive_and_ring, args=(held,), name=f"run-{held.run.id[-8:]}")
        self._driving.add(thread)
        thread.start()
        return True

    def _end(self) -> None:
        for thread in self._driving:
            thread.join()

    def _drive_and_ring(self, held: Held) -> None:
        self._drive(held)
        self._bell.set()

    def _tidy(self) -> None:
        folders = folders_of_runs(self._tools.scratch)
        try:
            with self._tools.desk.database.begin(_SCOPE, Role.SYSTEM) as tx:
                open_runs = queries.open_runs(tx)
        except TenutoError as error:
            _log.warning("worker.untidied fault=%s detail=%s", error.fault.code, error.detail)
            return
        sweep(folders, open_runs)

    def _bury(self, presence: Presence) -> None:
        """Let go of what workers of this machine held that have died since."""
        try:
            presence.bury(self._inherit)
        except TenutoError as error:
            _log.warning("worker.unburied fault=%s detail=%s", error.fault.code, error.detail)
        except OSError:
            _log.warning("worker.unburied", exc_info=True)

    def _inherit(self, holder: str) -> None:
        with self._tools.desk.database.begin(_SCOPE, Role.SYSTEM) as tx:
            runs = queries.release(tx, holder)
        self._tools.executor.clear_after(holder)
        _log.warning("worker.died holder=%s runs=%d", holder, runs)

    def _take(self) -> Held | None:
        try:
            return self._claim()
        except TenutoError as error:
            _log.warning("worker.trouble fault=%s detail=%s", error.fault.code, error.detail)
        except Exception:  # noqa: BLE001 (a supervisor: trouble of a moment must not end the worker)
            _log.exception("worker.broken")
        return None

    def _claim(self) -> Held | None:
        tools = self._tools
        with tools.desk.database.begin(_SCOPE, Role.SYSTEM) as tx:
            held = queries.claim(tx, tools.holder, tools.lease_seconds)
            if held is not None:
                tools.passing("claiming")
        if held is not None:
            tools.passing("claimed")
        return held

    def _drive(self, held: Held) -> bool:
        """Drive a run. Returns False when it has to wait for its lease to be over."""
        try:
            self._drive_or_end(held)
        except TenutoError as error:
            _log.warning("run.trouble run=%s fault=%s detail=%s", held.run.id, error.fault.code, error.detail)
            return False
        except Exception:  # noqa: BLE001 (a supervisor: one run's trouble must not end the worker)
            _log.exception("run.trouble run=%s", held.run.id)
            return False
        return True

    def _drive_or_end(self, held: Held) -> None:
        """Drive a run. One that can never go on ends here; what may pass is tried again when its lease is over."""
        _log.info("run.taken run=%s pipeline=%s fence=%d", held.run.id, held.run.pipeline, held.fence)
        if held.run.fault is not None:  # set aside, or it would be taken again and again before all others
            _log.error("run.unreadable run=%s fault=%s", held.run.id, held.run.fault)
            finish(self._tools, held, RunStatus.FAILED, held.run.fault)
            return
        try:
            drive(self._tools, held, self._slots, self._stopping)
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
