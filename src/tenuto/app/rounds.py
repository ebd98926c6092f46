"""A thread that does one thing over and over, and does not end in silence."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from tenuto.core.errors import TenutoError

_log = logging.getLogger(__name__)
_FIRST_PAUSE = 0.5  # seconds
_LONGEST_PAUSE = 4.0


def go_round(name: str, once: Callable[[], object], stopping: threading.Event) -> None:
    """Do ``once`` until ``stopping`` is set. What fails is logged and tried again after a growing pause.

    The alternative, ending the process so that its supervisor starts it anew, would break off every call in
    flight for trouble that is beside the calls, and would meet the same trouble again after the start.
    """
    pause = _FIRST_PAUSE
    while not stopping.is_set():
        try:
            once()
        except TenutoError as error:
            _log.warning("%s.waiting fault=%s detail=%s", name, error.fault.code, error.detail)
        except Exception:  # noqa: BLE001 (a supervisor: a defect in one round must not end the rounds)
            _log.exception("%s.broken", name)
        else:
            pause = _FIRST_PAUSE
            continue
        stopping.wait(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
