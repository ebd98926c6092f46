"""What a process takes from itself for good before it runs what others wrote. Linux."""

from __future__ import annotations

import ctypes
import resource

_CAPABILITY_VERSION_3 = 0x20080522


def drop_capabilities(libc: ctypes.CDLL) -> bool:
    """Give up all capabilities, those that entering a user namespace grants included; tell whether it held."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    return int(libc.capset(ctypes.byref(header), ctypes.byref(none))) == 0


def lower_limit(limit: int, value: int) -> None:
    """Lower both limits of a resource to ``value``, or to what is left of it. Neither can be raised again."""
    hard = resource.getrlimit(limit)[1]
    lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (lowest, lowest))
