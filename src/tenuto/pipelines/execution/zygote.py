"""The zygote: a process that has imported what steps need and forks one process for each attempt.

It opens no connection, has one thread, knows no secret and runs nobody's code. Its only door is a socket on
file descriptor 0: an empty message ends it, ``RETIRE`` lets it end after its last step, and any other message
brings the four files of an attempt (talk, status, output, errors) and asks for a fork.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import sys
import traceback
from pathlib import Path

import msgspec

from tenuto.pipelines.execution import child
from tenuto.pipelines.execution.messages import Gone, Refused, Word, ZygoteConfig, line

RETIRE = b"retire"
FORK = b"fork"
_LONGEST_MESSAGE = 1 << 16


class Zygote:
    def __init__(self, door: socket.socket, config: ZygoteConfig, wake: int) -> None:
        self._door = door
        self._idle_seconds = config.idle_seconds
        self._to_import = list(config.preload)
        self._wake = wake
        self._statuses: dict[int, int] = {}  # process -> its attempt's status pipe
        self._retiring = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(door, selectors.EVENT_READ)
        self._selector.register(wake, selectors.EVENT_READ)

    def serve(self) -> None:
        """Serve until the parent is gone, or nothing was asked for a while."""
        while not (self._retiring and not self._statuses):
            ready = {key.fd for key, _ in self._selector.select(self._patience())}
            if self._wake in ready:
                os.read(self._wake, 4096)
                self._reap()
            if self._door.fileno() in ready:
                if not self._serve_one():
                    return
            elif not ready and not self._import_one():
                return

    def end(self) -> None:
        """Kill what still runs. A step without its parent has nobody to tell its result to."""
        for process in self._statuses:
            _kill_group(process)

    def _patience(self) -> float | None:
        if self._to_import:
            return 0.0  # requests come first, imports when there are none
        return None if self._statuses else self._idle_seconds

    def _serve_one(self) -> bool:
        """Serve one message; False when the parent is gone."""
        message, files, _, _ = socket.recv_fds(self._door, _LONGEST_MESSAGE, 4)
        if not message:
            return False
        if message == RETIRE:
            self._retiring = True
        elif len(files) == 4:
            self._fork(*files)
        return True

    def _fork(self, channel: int, status: int, out: int, err: int) -> None:
        if _threads() > 1:
            _say(status, Refused("it has more than one thread"))
            os.close(status)
        else:
            gc.freeze()  # what was imported stays shared between all steps
            parent = os.getpid()
            process = os.fork()
            if process == 0:
                self._forget()
                child.live(parent, channel, status, out, err)
            self._statuses[process] = status
        for one in (channel, out, err):
            os.close(one)

    def _forget(self) -> None:
        """In the child: give up what only the zygote needs."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()

    def _reap(self) -> None:
        """Tell of every process that has ended. What it left behind in its group ends with it.

        The group is killed before the process is waited for: until then its number belongs to nobody else.
        """
        while self._statuses:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return
            _kill_group(ended.si_pid)
            process, code, used = os.wait4(ended.si_pid, 0)
            status = self._statuses.pop(process)
            cpu = used.ru_utime + used.ru_stime
            _say(status, Gone(os.waitstatus_to_exitcode(code), cpu, used.ru_maxrss * 1024))
            os.close(status)

    def _import_one(self) -> bool:
        """Import the next of what steps need; False when there is nothing left and nobody asks."""
        if not self._to_import:
            return False
        name = self._to_import.pop(0)
        try:
            importlib.import_module(name)
        except ImportError:
            traceback.print_exc()  # to the zygote's log; a step that needs it will say so itself
        if _threads() > 1:
            raise SystemExit(f"importing {name} started a thread; take it off the list of what is preloaded")
        return True


def main() -> None:
    door = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    config = msgspec.json.decode(door.recv(_LONGEST_MESSAGE), type=ZygoteConfig)
    wake, woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a terminal is for the parent to judge
    zygote = Zygote(door, config, wake)
    try:
        zygote.serve()
    finally:
        zygote.end()


def _threads() -> int:
    """Count as the kernel does: libraries start threads that Python does not know of."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _say(status: int, word: Word) -> None:
    with contextlib.suppress(BrokenPipeError):  # the parent is gone, and the door will say so
        os.write(status, line(word))


def _kill_group(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended before it led a group
        os.killpg(process, signal.SIGKILL)


if __name__ == "__main__":
    main()
    sys.exit(0)
