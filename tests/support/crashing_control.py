"""A process that forks processes which call use cases and die where they are told to.

``python crashing_control.py HOME WORKSPACE``: each line it reads is an ``Order``; for each it writes the answer, if
there came one, and then the exit code of the process that was to give it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from support.platform import ANN, Allowing
from tenuto.app.database import logins_of
from tenuto.app.settings import Settings
from tenuto.core.clock import SystemClock
from tenuto.core.ids import UuidSeven
from tenuto.core.words import Ref, Scope, Verdict
from tenuto.govern.use_case import Desk
from tenuto.pipelines import use_cases
from tenuto.pipelines.use_cases import NewRun
from tenuto.store.database import Database, Logins, Role, Transaction

# What a call passes, in this order.
POINTS = ("called", "begun", "decided", "written", "committed")


class Order(msgspec.Struct, frozen=True):
    """Call ``verb`` and die at ``point`` on the way; answer if there is none."""

    verb: str
    point: str | None
    run: str = ""
    new: NewRun | None = None


class Dying:
    def __init__(self, point: str | None) -> None:
        self._point = point

    def pass_(self, point: str) -> None:
        if point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingDatabase(Database):
    def __init__(self, logins: Logins, dying: Dying) -> None:
        super().__init__(logins)
        self._dying = dying

    @contextmanager
    def begin(
        self, scope: Scope, role: Role = Role.APP, *, one_moment: bool = False
    ) -> Iterator[Transaction]:
        self._dying.pass_("called")
        with super().begin(scope, role, one_moment=one_moment) as tx:
            self._dying.pass_("begun")
            yield tx
            self._dying.pass_("written")
        self._dying.pass_("committed")


class DyingDecider(Allowing):
    def __init__(self, dying: Dying) -> None:
        super().__init__()
        self._dying = dying

    def decide(self, tx: Transaction, action: str, resource: Ref) -> Verdict:
        verdict = super().decide(tx, action, resource)
        self._dying.pass_("decided")
        return verdict


def main(home: Path, workspace: str) -> None:
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        process = os.fork()
        if process == 0:
            _live(home, Scope(ANN, workspace, "test"), order)
        _, status = os.waitpid(process, 0)
        _say(os.waitstatus_to_exitcode(status))


def _live(home: Path, scope: Scope, order: Order) -> None:
    status = 1
    try:
        dying = Dying(order.point)
        database = DyingDatabase(logins_of(Settings(home=home), SystemClock()), dying)
        _say(call(Desk(database, DyingDecider(dying), SystemClock(), UuidSeven()), scope, order))
        database.close()
        status = 0
    finally:
        os._exit(status)


def call(desk: Desk, scope: Scope, order: Order) -> str:
    """Call the use case of an order, and return the run or its status."""
    calls: dict[str, Callable[[], Any]] = {
        "submit": lambda: use_cases.submit(desk, scope, new=order.new).id,  # type: ignore[arg-type]
        "cancel": lambda: use_cases.cancel(desk, scope, run_id=order.run).id,
        "run": lambda: use_cases.run(desk, scope, run_id=order.run).run.status,
        "runs": lambda: str(len(use_cases.runs(desk, scope))),
        "logs": lambda: str(len(use_cases.logs(desk, scope, run_id=order.run))),
    }
    answer: str = calls[order.verb]()
    return answer


def _say(word: Any) -> None:
    sys.stdout.write(msgspec.json.encode(word).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
