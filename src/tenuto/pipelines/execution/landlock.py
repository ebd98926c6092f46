"""Landlock: the kernel refuses this process every file but those named, root or not, for good.

The numbers are those of the kernel's own interface (linux/landlock.h); each version of it knows more rights.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture
_VERSION_ONLY = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1, 2, 4, 8
_TRUNCATE, _DEVICE_IOCTL = 1 << 14, 1 << 15
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # by version
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_IOCTL
_READING = _EXECUTE | _READ_FILE | _READ_FOLDER
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
_SCOPES_SINCE = 6


def restrict_files(readable: list[str], writable: list[str]) -> list[str]:
    """Restrict this process to the files and folders named (and what is in them); return what holds.

    From version 6 on it cannot signal processes outside either. Needs no privilege, only "no new privileges".
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, 0, _VERSION_ONLY)
    if version < 1:
        return []
    handled = _RIGHTS[max(known for known in _RIGHTS if known <= version)]
    scoped = version >= _SCOPES_SINCE
    rules = _rule_set(libc, handled, scoped)
    try:
        for path in dict.fromkeys(readable):
            _allow(libc, rules, path, _READING & handled)
        for path in dict.fromkeys(writable):
            _allow(libc, rules, path, handled)
        if libc.syscall(_RESTRICT, rules, 0) != 0:
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    finally:
        os.close(rules)
    return ["files", "signals"] if scoped else ["files"]


def _rule_set(libc: ctypes.CDLL, handled: int, scoped: bool) -> int:
    attributes = struct.pack("=QQQ", handled, 0, _ABSTRACT_SOCKETS_AND_SIGNALS)
    if not scoped:
        attributes = attributes[:8]
    rules = libc.syscall(_CREATE, attributes, len(attributes), 0)
    if rules < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    return int(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    """Allow ``rights`` on what is at ``path`` now; nothing is there: nothing is allowed."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = rights if stat.S_ISDIR(os.fstat(place).st_mode) else rights & _OF_FILES
        if libc.syscall(_ADD, rules, _PATH_BENEATH, struct.pack("=Qi", allowed, place), 0) != 0:
            raise OSError(ctypes.get_errno(), f"landlock_add_rule {path}")
    finally:
        os.close(place)
