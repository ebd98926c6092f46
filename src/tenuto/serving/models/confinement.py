"""What a native model's process gives up before it opens the model. Linux.

Each step tells whether it holds, because a kernel may refuse it (user namespaces are often switched off in
containers): the status of the model lists what really confines it.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522


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
    if _drop_capabilities(libc):
        held.append("no-capabilities")
    # Last of the prctl calls: a change of credentials clears the signal.
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0:
        held.append("ends-with-server")
    return (*held, *_limit(memory_bytes))


def _drop_capabilities(libc: ctypes.CDLL) -> bool:
    """Entering a user namespace grants all of its capabilities; the model needs none."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    return int(libc.capset(ctypes.byref(header), ctypes.byref(none))) == 0


def _limit(memory_bytes: int) -> tuple[str, ...]:
    _lower(resource.RLIMIT_AS, memory_bytes)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, 64)
    os.umask(0o077)
    return ("memory-limit", "file-size-limit")


def _lower(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (lowest, lowest))
