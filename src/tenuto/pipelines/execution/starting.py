"""The parent's end of the zygote: started when it is needed, made anew when the environment changes."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.pipelines.errors import EXECUTOR_CLOSED
from tenuto.pipelines.execution.messages import ZygoteConfig
from tenuto.pipelines.execution.zygote import FORK, RETIRE

_TAIL = 2000  # characters of the zygote's log that an error shows

# All that a step's process knows of the outside. One thread, because many steps share the machine; a step that
# declares `cpus` gets more. The hash seed is fixed so that a set has the same order in every run.
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "HOME": "/nonexistent",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pyarrow would start a thread when it is imported
    "MPLBACKEND": "Agg",
}


class ZygoteGoneError(Exception):
    """The zygote ended, or does not answer, before it forked: nothing was run."""


class ZygoteProcess:
    """One running zygote, for one environment."""

    def __init__(self, environment: str, config: ZygoteConfig, folder: Path) -> None:
        self.environment = environment
        self._log = folder / "zygote.log"
        self._lock = threading.Lock()
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._log.open("wb") as log:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-s", "-P", "-X", "utf8", "-m", "tenuto.pipelines.execution.zygote"],
                stdin=theirs.fileno(),
                stdout=log,
                stderr=log,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        with contextlib.suppress(BrokenPipeError):  # it has ended; whoever asks it for a fork will notice
            self._door.send(msgspec.json.encode(config))

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def fork(self, files: Sequence[int]) -> None:
        """Ask for a process with these files: talk, status, output, errors. Raises when the zygote is gone."""
        try:
            with self._lock:
                socket.send_fds(self._door, [FORK], files)
        except OSError as error:
            raise ZygoteGoneError(str(error)) from error

    def retire(self) -> None:
        """Let it end when its last step has ended."""
        with contextlib.suppress(OSError), self._lock:  # it has ended already
            self._door.send(RETIRE)

    def end(self) -> None:
        """End it and all its steps now."""
        with self._lock:
            self._door.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)
        self.kill()

    def kill(self) -> None:
        """Kill it; its steps die with it."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        with self._lock:
            self._door.close()

    def last_words(self) -> str:
        return self._log.read_text("utf-8", "replace")[-_TAIL:].strip() or "it said nothing"


class Zygotes:
    """The zygote of the environment as it is now. Those of former environments end with their last step."""

    def __init__(self, environment: Callable[[], str], config: ZygoteConfig, folder: Path) -> None:
        self._environment = environment
        self._config = config
        self._folder = folder
        self._lock = threading.Lock()
        self._current: ZygoteProcess | None = None
        self._retired: list[ZygoteProcess] = []
        self._closed = False

    def current(self) -> ZygoteProcess:
        """Return the zygote to fork from, started if need be."""
        environment = self._environment()
        with self._lock:
            if self._closed:
                raise TenutoError(EXECUTOR_CLOSED)
            found = self._current
            if found is not None and (found.environment != environment or not found.alive()):
                found.retire()
                self._retired.append(found)
                found = None
            self._retired = [one for one in self._retired if _still_there(one)]
            if found is None:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                found = self._current = ZygoteProcess(environment, self._config, self._folder)
            return found

    def running(self) -> list[int]:
        """Return the process numbers of the zygotes that live."""
        with self._lock:
            known = [*self._retired, *([self._current] if self._current is not None else [])]
            return [one.pid for one in known if one.alive()]

    def close(self) -> None:
        with self._lock:
            self._closed = True
            known = [*self._retired, *([self._current] if self._current is not None else [])]
            self._current, self._retired = None, []
        for one in known:
            one.end()


def _still_there(one: ZygoteProcess) -> bool:
    if one.alive():
        return True
    one.end()
    return False
