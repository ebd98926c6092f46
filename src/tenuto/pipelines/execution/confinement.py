"""What a step's process gives up before it runs anybody's code. Linux.

Each function tells what of it holds: a kernel or a container may refuse one or the other, and the outcome of
the attempt says so.
"""

from __future__ import annotations

import ctypes
import os
import random
import resource
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tenuto.core.process_rights import drop_capabilities, lower_limit
from tenuto.pipelines.execution.landlock import restrict_files
from tenuto.pipelines.execution.messages import Limits, StepSpec

_CLONE_NEWNS = 0x00020000
_CLONE_NEWIPC = 0x08000000
_CLONE_NEWUSER = 0x10000000
_MS_NOSUID_NODEV_NOEXEC = 0b1110
_MS_REC_PRIVATE = 0x4000 | 0x40000
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 (a folder of its own is put in its place)

_SYSTEM_FILES = (
    "/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt", "/proc", "/sys/devices/system", "/sys/fs/cgroup",
    "/etc/alternatives", "/etc/ca-certificates", "/etc/fonts", "/etc/group", "/etc/hosts", "/etc/ld.so.cache",
    "/etc/localtime", "/etc/mime.types", "/etc/nsswitch.conf", "/etc/passwd", "/etc/pki", "/etc/resolv.conf",
    "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/dev/random", "/dev/urandom", "/dev/zero",
)  # fmt: skip


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the process that forked it dies; leave at once if it has."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def confine(spec: StepSpec) -> tuple[str, ...]:
    """Confine this process for good and return the names of the confinements that hold."""
    libc = ctypes.CDLL(None, use_errno=True)
    own_memory = spec.sandboxed and _own_shared_memory(libc)
    held = ["own-shared-memory"] if own_memory else []
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        held.append("no-new-privileges")
    if spec.sandboxed and drop_capabilities(libc):
        held.append("no-capabilities")
    if spec.sandboxed:
        held += restrict_files(list(_readable(spec)), _writable(spec, own_memory))
    _limit(spec.limits)
    return tuple(held)


def settle_in(spec: StepSpec) -> None:
    """Make the scratch folder this process's home, and its only one."""
    os.umask(0o077)
    temporary = Path(spec.scratch) / "tmp"
    temporary.mkdir()
    os.chdir(spec.scratch)
    threads = str(spec.limits.threads)
    os.environ.update(
        HOME=spec.scratch,
        TMPDIR=str(temporary),
        OMP_NUM_THREADS=threads,
        OPENBLAS_NUM_THREADS=threads,
        MKL_NUM_THREADS=threads,
        NUMEXPR_NUM_THREADS=threads,
    )
    tempfile.tempdir = None  # a library may have asked for it in the zygote already
    if spec.limits.threads > 1 and "threadpoolctl" in sys.modules:
        sys.modules["threadpoolctl"].threadpool_limits(spec.limits.threads)


def seed_random(seed: int) -> None:
    """Start every source of random numbers that is loaded from ``seed``."""
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def _own_shared_memory(libc: ctypes.CDLL) -> bool:
    """Give this process shared memory of its own; the machine's holds that of a database, for one.

    An administrator may make namespaces, anybody else only inside one of users.
    """
    alone = libc.unshare(_CLONE_NEWNS | _CLONE_NEWIPC) == 0
    if not alone and not _among_own_users(libc):
        return False
    if libc.mount(None, b"/", None, _MS_REC_PRIVATE, None) != 0:
        return False
    flags = _MS_NOSUID_NODEV_NOEXEC
    return bool(libc.mount(b"tmpfs", _SHARED_MEMORY.encode(), b"tmpfs", flags, b"mode=0700") == 0)


def _among_own_users(libc: ctypes.CDLL) -> bool:
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWIPC) != 0:
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except PermissionError:  # some systems let a process in and give it no right there
        return False
    return True


def _readable(spec: StepSpec) -> Iterator[str]:
    yield from _SYSTEM_FILES
    yield from (sys.prefix, sys.base_prefix, sys.exec_prefix)
    yield from (entry for entry in sys.path if entry)
    yield spec.code_folder
    yield from spec.files.values()


def _writable(spec: StepSpec, own_memory: bool) -> list[str]:
    return [spec.scratch, spec.output_folder, "/dev/null", *([_SHARED_MEMORY] if own_memory else [])]


def _limit(limits: Limits) -> None:
    lower_limit(resource.RLIMIT_CORE, 0)  # a core file would hold the step's data
    lower_limit(resource.RLIMIT_NOFILE, limits.open_files)
    lower_limit(resource.RLIMIT_FSIZE, limits.file_bytes)
    if limits.cpu_seconds is not None:
        lower_limit(resource.RLIMIT_CPU, limits.cpu_seconds)
    if limits.memory_bytes is not None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        lower_limit(resource.RLIMIT_AS, pages * resource.getpagesize() + limits.memory_bytes)
