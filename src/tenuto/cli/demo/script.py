"""The order of the demo. A step that is not here is not in the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from tenuto.cli.demo import (
    audit_steps,
    data_steps,
    gateway_steps,
    money_steps,
    release_steps,
    run_steps,
)
from tenuto.cli.demo.door import Refused
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.words import DemoFailedError, Failure, Proof, Row, Use, require
from tenuto.core.errors import TenutoError


class Step(msgspec.Struct, frozen=True):
    """One row: do the work, look at what came of it with another client, judge by what both say.

    ``judge`` sees nothing but what the other two return, so what it accepts can be tested one falsehood at a
    time. What ``work`` returns and ``look`` takes is the step's own.
    """

    work: Callable[[Stage], Any]
    look: Callable[[Stage, Any], Any]
    judge: Callable[[Any, Any], Proof]


STEPS: Mapping[str, Step] = {
    "dataset": Step(data_steps.ingest, data_steps.look, data_steps.judge),
    "pipeline": Step(run_steps.train, run_steps.look, run_steps.judge),
    "approval": Step(release_steps.approve, release_steps.look_at_decision, release_steps.judge_decision),
    "deployment": Step(
        release_steps.deploy, release_steps.look_at_deployment, release_steps.judge_deployment
    ),
    "rollback": Step(release_steps.roll_back, release_steps.look_at_rollback, release_steps.judge_rollback),
    "calls": Step(gateway_steps.call_models, gateway_steps.look_at_calls, gateway_steps.judge_calls),
    "failover": Step(gateway_steps.fail_over, gateway_steps.look_at_fail_over, gateway_steps.judge_fail_over),
    "budget": Step(money_steps.stop_at_budget, money_steps.look_at_stop, money_steps.judge_stop),
    "ledger": Step(money_steps.count, money_steps.look_at_books, money_steps.judge_books),
    "audit": Step(audit_steps.verify, audit_steps.look_at_log, audit_steps.judge_log),
    "tampering": Step(audit_steps.tamper, audit_steps.look_at_copies, audit_steps.judge_copies),
}


def play(
    stage: Stage, steps: Mapping[str, Step], begun: Callable[[str], None], done: Callable[[Row], None]
) -> tuple[Sequence[Row], Failure | None]:
    """Do the steps in order; stop at the first that did not really happen."""
    rows: list[Row] = []
    for key, step in steps.items():
        begun(key)
        try:
            row = _played(stage, key, step)
        except (DemoFailedError, Refused, TenutoError) as error:
            return rows, Failure(key, str(error))
        except Exception as error:  # noqa: BLE001 (whatever breaks a step is the step's failure)
            return rows, Failure(key, f"{type(error).__name__}: {error}")
        rows.append(row)
        done(row)
    return rows, None


def _played(stage: Stage, key: str, step: Step) -> Row:
    started = time.monotonic()
    stage.uses.take()  # what a failed step before this one left
    work = step.work(stage)
    did = stage.uses.take()
    seen = step.look(stage, work)
    read = stage.uses.take()
    _require_another_client(did, read)
    proof = step.judge(work, seen)
    return Row(key, proof.evidence, time.monotonic() - started, did, read, proof.facts)


def _require_another_client(did: Sequence[Use], read: Sequence[Use]) -> None:
    """What did the work must not be what says that it was done."""
    require(did, "nobody did anything")
    require(read, "nobody read anything back")
    shared = {use.means for use in did} & {use.means for use in read}
    require(not shared, f"it was read back by what did the work: {', '.join(sorted(shared))}")
