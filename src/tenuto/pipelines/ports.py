"""What the rest of the room asks of whoever runs steps: this machine's processes, or an engine elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tenuto.pipelines.words import ItemOutcome, Outcome, StepAttempt

OnItem = Callable[[ItemOutcome], None]


class Executor(Protocol):
    """Runs attempts. Whatever happens to the step is an outcome; only what is wrong with the executor raises."""

    def run(self, attempt: StepAttempt, on_item: OnItem | None = None) -> Outcome:
        """Run the attempt to its end; call from any thread.

        ``on_item`` is told of each item as it ends, in this thread, before the next is waited for. What it
        raises stops the attempt and is raised here.
        """
        ...

    def cancel(self, attempt_id: str) -> bool:
        """Ask a running attempt to end soon. False when no such attempt runs here."""
        ...

    def clear_after(self, owner: str) -> None:
        """Remove what the executor of a worker that died has left on this machine."""
        ...

    def close(self) -> None:
        """End everything that was started. Attempts that run are lost."""
        ...
