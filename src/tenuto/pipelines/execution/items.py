"""What is known of an attempt's items so far, and what becomes of those that did not end."""

from __future__ import annotations

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.pipelines.errors import STEP_TALK_BROKEN
from tenuto.pipelines.values.storing import received
from tenuto.pipelines.words import ItemOutcome, Status, StepAttempt, StepError, StoredValue

_ANSWERS = {Status.SUCCEEDED, Status.FAILED}


class Items:
    """Takes the answers of a step's process, which are claims: each is checked before it counts."""

    def __init__(self, attempt: StepAttempt) -> None:
        self._attempt = attempt
        self._ended: dict[int, ItemOutcome] = {}
        self._current: int | None = None

    def start(self, position: int) -> None:
        if position in self._ended or not 0 <= position < len(self._attempt.items):
            raise TenutoError(STEP_TALK_BROKEN, f"item {position} starts")
        self._current = position

    @property
    def in_flight(self) -> bool:
        return self._current is not None

    def end(self, position: int, outcome: ItemOutcome) -> ItemOutcome:
        """Take an item's outcome and return it as far as it can be believed. Raises when it cannot."""
        if position != self._current or outcome.status not in _ANSWERS:
            raise TenutoError(STEP_TALK_BROKEN, f"item {position} ends as {outcome.status.value}")
        checked = msgspec.structs.replace(
            outcome, index=self._attempt.items[position].index, outputs=self._outputs(outcome)
        )
        self._current = None
        self._ended[position] = checked
        return checked

    def complete(self, verdict: Status | None, error: StepError) -> tuple[ItemOutcome, ...]:
        """Return the outcome of every item. Those without one share ``error``, or were never reached.

        ``verdict`` is what ended the process from outside, None when it went by itself.
        """
        status = verdict or Status.LOST
        fallen = self._first_open() if self._current is None and verdict is None else self._current
        outcomes = []
        for position, item in enumerate(self._attempt.items):
            if position in self._ended:
                outcomes.append(self._ended[position])
            elif position == fallen or status is Status.CANCELLED:
                outcomes.append(ItemOutcome(item.index, status, error=error))
            else:
                outcomes.append(ItemOutcome(item.index, Status.NOT_RUN))
        return tuple(outcomes)

    def _first_open(self) -> int | None:
        """A process that dies between two items fell over the next one, or would fall again and again."""
        positions = range(len(self._attempt.items))
        return next((position for position in positions if position not in self._ended), None)

    def _outputs(self, outcome: ItemOutcome) -> dict[str, StoredValue]:
        if outcome.status is Status.FAILED:
            return {}
        declared = {output.name: output.type for output in self._attempt.outputs}
        if outcome.outputs.keys() != declared.keys():
            raise TenutoError(STEP_TALK_BROKEN, f"outputs {sorted(outcome.outputs)}")
        return {name: received(outcome.outputs[name], declared[name]) for name in declared}
