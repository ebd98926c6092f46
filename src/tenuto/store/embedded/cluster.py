"""The data folder: made whole or not at all, and looked at before it is used."""

from __future__ import annotations

import errno
import shutil
import struct
import tempfile
from pathlib import Path

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.binaries import MAJOR, Binaries
from tenuto.store.embedded.confinement import Confinement, Kind
from tenuto.store.embedded.errors import (
    DATA_DAMAGED,
    DATA_VERSION,
    HOME_NOT_OURS,
    INIT_FAILED,
    OLD_PROCESSES,
)
from tenuto.store.embedded.files import Owner, give_all, require_private, write_private
from tenuto.store.embedded.layout import Layout
from tenuto.store.embedded.processes import end_initialising, initialising
from tenuto.store.embedded.rules import cause_of
from tenuto.store.embedded.waiting import Watch
from tenuto.store.embedded.words import ADMIN
from tenuto.store.folders import sync_folder

_STAGING = "new-"
_CHANGING = {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST}  # somebody else writes there or removes
_INIT_LIMIT = 300.0  # seconds; half a second is usual


def clear_unfinished(layout: Layout, watch: Watch, limit: float) -> None:
    """Remove what earlier, unfinished attempts left. Raises when they still work there after ``limit`` seconds.

    An initdb whose starter was killed goes on by itself, and would write into what is being removed.
    """
    for left in layout.cluster.glob(f"{_STAGING}*"):
        while end_initialising(left):
            _require_patience(watch, limit, left)
        while left.exists():
            try:
                shutil.rmtree(left)
            except OSError as error:
                if error.errno not in _CHANGING:
                    raise
                # Whoever works there cannot be seen from here: another container on the same home.
                _require_patience(watch, limit, left)


def initialise(layout: Layout, confinement: Confinement, binaries: Binaries, password: str) -> None:
    """Make a new database beside its place and move it there when it is complete.

    A crash in between leaves a staging folder, for ``clear_unfinished``, and never half a database.
    """
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=layout.cluster))
    try:
        _run_initdb(staging, confinement, binaries, password)
        if confinement.kind is Kind.DROPPED:
            give_all(staging / "data", confinement.owner)
        (staging / "data").rename(layout.data)
        sync_folder(layout.cluster)
    finally:
        # What a dying child still holds up is removed by the next start.
        shutil.rmtree(staging, ignore_errors=True)


def require_usable(data: Path, owner: Owner) -> None:
    """Raise unless ``data`` is a complete database of this major version, private to ``owner``."""
    if data.stat().st_uid != owner.uid:
        raise TenutoError(HOME_NOT_OURS, f"{data} belongs to user {data.stat().st_uid}, not to {owner.uid}")
    require_private(data)
    try:
        major = (data / "PG_VERSION").read_text().strip()
        system_identifier(data)
    except (FileNotFoundError, struct.error) as error:
        raise TenutoError(DATA_DAMAGED, str(data)) from error
    if major != str(MAJOR):
        raise TenutoError(DATA_VERSION, f"{data} was made by PostgreSQL {major}; this is PostgreSQL {MAJOR}")


def system_identifier(data: Path) -> int:
    """Return the number that initdb gave this database: the first eight bytes of its control file."""
    with (data / "global" / "pg_control").open("rb") as control:
        (identifier,) = struct.unpack("=Q", control.read(8))
    return int(identifier)


def _require_patience(watch: Watch, limit: float, folder: Path) -> None:
    if watch.silence > limit:
        raise TenutoError(OLD_PROCESSES, f"processes {initialising(folder)} work in {folder}")
    watch.nap()


def _run_initdb(staging: Path, confinement: Confinement, binaries: Binaries, password: str) -> None:
    secret = staging / "password"
    write_private(secret, f"{password}\n".encode())
    if confinement.kind is Kind.DROPPED:
        # Only a process of the server's group gets past the folder above, whoever else is called `nobody`.
        give_all(staging, Owner(confinement.named.uid, confinement.owner.gid))
    command = [
        str(binaries.program("initdb")),
        f"--pgdata={staging / 'data'}",
        f"--username={ADMIN}",
        f"--pwfile={secret}",
        "--auth-local=scram-sha-256",
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
        "--data-checksums",
        "--no-instructions",
    ]
    code, said = confinement.outcome(command, limit=_INIT_LIMIT, initialising=True)
    if code != 0:
        raise cause_of(said, otherwise=INIT_FAILED)
