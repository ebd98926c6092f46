"""Attempts under way: each in a thread that waits for its child, each result handed over as it comes."""

from __future__ import annotations

import logging
import queue
from concurrent.futures import Future, ThreadPoolExecutor, wait

from tenuto.pipelines.worker.attempt import Attempt
from tenuto.pipelines.worker.results import Result
from tenuto.pipelines.worker.slots import Slots
from tenuto.pipelines.worker.tools import Tools

_log = logging.getLogger(__name__)
_GATHER_SECONDS = 0.02
_MOST_AT_ONCE = 200
_CLOSING_ROUNDS = 100
_ROUND_SECONDS = 0.2


class Attempts:
    """The attempts of one run on this worker, one for each slot it has. Results come from ``wait``."""

    def __init__(self, tools: Tools, slots: Slots, run: str) -> None:
        self._slots = slots
        self._run = run
        self._threads = ThreadPoolExecutor(tools.slots, thread_name_prefix="attempt")
        self._news: queue.Queue[Result] = queue.Queue()
        self._running: dict[str, tuple[Attempt, Future[None]]] = {}

    @property
    def busy(self) -> bool:
        return bool(self._running) or not self._news.empty()

    def room(self, wanted: int) -> int:
        """Take slots for up to ``wanted`` attempts, each to be begun, and return how many they are."""
        return self._slots.take(self._run, wanted)

    def begin(self, attempt: Attempt) -> None:
        self._running[attempt.id] = (attempt, self._threads.submit(attempt.run, self._news.put))

    def wait(self, seconds: float) -> list[Result]:
        """Return the news there are; wait for the first up to ``seconds``.

        Items of a map come one shortly after the other, and are cheaper to journal together.
        """
        news: list[Result] = []
        timeout = seconds
        while len(news) < _MOST_AT_ONCE:
            try:
                news.append(self._news.get(timeout=timeout))
            except queue.Empty:
                break
            timeout = 0.0 if news[-1].over else _GATHER_SECONDS
        for one in news:
            if one.over:
                del self._running[one.attempt]
                self._slots.give_back(self._run)
        return news

    def cancel(self) -> None:
        """Ask all to end soon. Ask again until they have: one may be just about to start."""
        for attempt, _ in self._running.values():
            attempt.cancel()

    def close(self) -> None:
        """End what runs here, and wait for it: another worker may have the run already."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        try:
            self._end_all()
        finally:
            self._slots.end(self._run)

    def _end_all(self) -> None:
        open_ = {future for _, future in self._running.values()}
        for _ in range(_CLOSING_ROUNDS):
            self.cancel()
            open_ = wait(open_, timeout=_ROUND_SECONDS).not_done
            if not open_:
                return
        _log.error("attempts.not_ended count=%d: an inline step cannot be ended from outside", len(open_))
