"""Pure decisions of the supervisor: which settings the server gets, and what its last words mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tenuto.core.errors import Fault, TenutoError
from tenuto.store.embedded.errors import (
    BINARIES_UNUSABLE,
    DATA_INCOMPATIBLE,
    HOME_NOT_OURS,
    NO_MEMORY,
    NO_SPACE,
    OLD_PROCESSES,
    SETTING_FIXED,
    START_FAILED,
    UNSAFE_PERMISSIONS,
)
from tenuto.store.embedded.words import PORT

# Small: one team on one machine. `settings` of the options may change any of them.
_CHOSEN = {
    "shared_buffers": "48MB",
    "max_connections": "60",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "512MB",
    "max_locks_per_transaction": "128",  # partitions
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "1",
    "autovacuum_max_workers": "2",
    "io_method": "sync",  # spares three processes
    "max_wal_senders": "3",  # base backups
    "max_logical_replication_workers": "0",  # spares a process
    "jit": "off",  # the wheel has none
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_startup_progress_interval": "5s",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
# Statements and row contents may hold personal data or secrets: they stay out of the log.
_FIXED = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "lc_messages": "C",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_OWN = frozenset(_FIXED) | {
    "unix_socket_directories",
    "data_directory",
    "hba_file",
    "ident_file",
    "config_file",
    "external_pid_file",
    "ssl",
}

# The first pattern that is found decides. "No space left" is also how the kernel refuses shared memory.
_LAST_WORDS: tuple[tuple[str, Fault], ...] = (
    (r"pre-existing shared memory block", OLD_PROCESSES),
    (r"could not (create|map|resize) .*shared memory|[Cc]annot allocate memory|out of memory", NO_MEMORY),
    (r"could not create semaphores", NO_MEMORY),
    (r"No space left on device|Disk quota exceeded", NO_SPACE),
    (r"has invalid permissions", UNSAFE_PERMISSIONS),
    (r"has wrong ownership|Permission denied|Read-only file system", HOME_NOT_OURS),
    (r"database files are incompatible with server|incorrect checksum in control file", DATA_INCOMPATIBLE),
    (r"cannot execute|error while loading shared libraries|Exec format error", BINARIES_UNUSABLE),
)
_TELLING = re.compile(r"(FATAL|PANIC|ERROR|cannot execute|error while loading|initdb: error)")
# Answers to clients that came too early say nothing about the cause.
_ANSWER = re.compile(r"FATAL:  the database system is ")


def settings_of(folder: str, wished: Mapping[str, str]) -> dict[str, str]:
    """The server's settings with its socket in ``folder``. Raises when a wish touches a fixed one."""
    refused = sorted(name for name in wished if name.lower() in _OWN)
    if refused:
        raise TenutoError(SETTING_FIXED, ", ".join(refused), field="settings")
    return _CHOSEN | dict(wished) | _FIXED | {"unix_socket_directories": f'"{folder}"'}


def command_line(postgres: Path, data: Path, settings: Mapping[str, str]) -> list[str]:
    chosen = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(postgres), "-D", str(data), *chosen]


def cause_of(last_words: str, otherwise: Fault = START_FAILED) -> TenutoError:
    """Say why a program ended, from what it said last."""
    lines = last_words.splitlines()
    telling = [line for line in lines if _TELLING.search(line) and not _ANSWER.search(line)]
    fault = next((fault for pattern, fault in _LAST_WORDS if re.search(pattern, last_words)), otherwise)
    return TenutoError(fault, _short(telling or lines))


def _short(lines: Sequence[str]) -> str:
    return " | ".join(line.strip() for line in lines[-3:]) or "it said nothing"
