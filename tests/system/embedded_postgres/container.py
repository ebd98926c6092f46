"""Become what root is in a container by default, then run the rest of the arguments.

    container.py [--no-identity] PROGRAM [ARGUMENT ...]

No user namespace (refused by a system call filter, as container runtimes do) and no right to look into other
users' processes. With ``--no-identity`` also without the right to become another user.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys

CAP_CHOWN, CAP_SETGID, CAP_SETUID, CAP_SYS_PTRACE, CAP_SYS_ADMIN = 0, 6, 7, 19, 21
PR_CAPBSET_DROP, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 24, 22, 2
UNSHARE = {"x86_64": 272, "aarch64": 97}
LIBC = ctypes.CDLL(None, use_errno=True)


class Instruction(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    ]


class Programme(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(Instruction))]


def main() -> None:
    arguments = sys.argv[1:]
    dropped = [CAP_SYS_PTRACE, CAP_SYS_ADMIN]
    if arguments[0] == "--no-identity":
        dropped += [CAP_SETUID, CAP_SETGID, CAP_CHOWN]
        arguments = arguments[1:]
    refuse_unshare()
    for capability in dropped:
        control(PR_CAPBSET_DROP, capability, 0)
    os.execv(arguments[0], arguments)  # noqa: S606 (the caller's own command)


def refuse_unshare() -> None:
    """Let ``unshare`` fail with EPERM, and every other call through."""
    number = UNSHARE[platform.machine()]
    steps = (Instruction * 4)(
        Instruction(0x20, 0, 0, 0),  # load the number of the system call
        Instruction(0x15, 0, 1, number),  # is it unshare?
        Instruction(0x06, 0, 0, 0x00050000 | errno.EPERM),
        Instruction(0x06, 0, 0, 0x7FFF0000),  # allow
    )
    programme = Programme(len(steps), steps)
    control(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(programme))


def control(option: int, first: int, second: int) -> None:
    if LIBC.prctl(option, ctypes.c_ulong(first), ctypes.c_ulong(second), 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


main()
