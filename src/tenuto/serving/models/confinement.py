"""What a native model's process gives up before it opens the model. Linux.

Each step tells whether it holds, because a kernel may refuse it (user namespaces are often switched off in
containers): the status of the model lists what really confines it.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal

from tenuto.core.process_rights import drop_capabilities, lower_limit

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


def confine(memory_bytes: int) -> tuple[str, ...]:
    """Confine this process for good; return the names of the confinements that hold.

    Call it first: a process with threads cannot enter a user namespace.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    held = []
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        held.append("no-network")
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        held.append("no-new-privileges")
    if drop_capabilities(libc):
        held.append("no-capabilities")
    # Last of the prctl calls: a change of credentials clears the signal.
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0:
        held.append("ends-with-server")
    return (*held, *_limit(memory_bytes))


def _limit(memory_bytes: int) -> tuple[str, ...]:
    lower_limit(resource.RLIMIT_AS, memory_bytes)
    lower_limit(resource.RLIMIT_FSIZE, 0)
    lower_limit(resource.RLIMIT_CORE, 0)
    lower_limit(resource.RLIMIT_NOFILE, 64)
    os.umask(0o077)
    return ("memory-limit", "file-size-limit")
