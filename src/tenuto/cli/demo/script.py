"""The order of the demo. A step that is not here is not in the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tenuto.cli.demo import audit_steps, data_steps, gateway_steps, release_steps, run_steps
from tenuto.cli.demo.door import Refused
from tenuto.cli.demo.stage import Stage
from tenuto.cli.demo.words import DemoFailedError, Failure, Row
from tenuto.core.errors import TenutoError

Step = Callable[[Stage], tuple[str, dict[str, Any]]]

STEPS: Mapping[str, Step] = {
    "dataset": data_steps.ingest,
    "pipeline": run_steps.train,
    "approval": release_steps.approve,
    "deployment": release_steps.deploy,
    "rollback": release_steps.roll_back,
    "calls": gateway_steps.call,
    "failover": gateway_steps.fail_over,
    "budget": gateway_steps.stop_at_budget,
    "ledger": gateway_steps.balance,
    "audit": audit_steps.verify,
    "tampering": audit_steps.tamper,
}


def play(
    stage: Stage, steps: Mapping[str, Step], begun: Callable[[str], None], done: Callable[[Row], None]
) -> tuple[Sequence[Row], Failure | None]:
    """Do the steps in order; stop at the first that did not really happen."""
    rows: list[Row] = []
    for key, step in steps.items():
        begun(key)
        started = time.monotonic()
        try:
            evidence, facts = step(stage)
        except (DemoFailedError, Refused, TenutoError) as error:
            return rows, Failure(key, str(error))
        except Exception as error:  # noqa: BLE001 (whatever breaks a step is the step's failure)
            return rows, Failure(key, f"{type(error).__name__}: {error}")
        row = Row(key, evidence, time.monotonic() - started, facts)
        rows.append(row)
        done(row)
    return rows, None
