"""Values of the embedded PostgreSQL: its names, how long to wait, what is happening."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path

import msgspec

ADMIN = "tenuto_admin"
DATABASE = "tenuto"
# No port is opened: the number is part of the socket's name.
PORT = 5432


class Patience(msgspec.Struct, frozen=True):
    """How long to wait, in seconds. A server that says it recovers is awaited without limit."""

    silence: float = 30.0  # a process lives but says nothing
    start_lock: float = 120.0  # another process starts the server, and the server says nothing yet
    orphans: float = 5.0  # processes of a dead server go by themselves, then they are ended
    fast_stop: float = 60.0  # open transactions are rolled back, buffers written
    immediate_stop: float = 5.0  # nothing written; the next start recovers


class RootRules(msgspec.Struct, frozen=True):
    """What happens when root starts the server.

    In a user namespace by default. Where that is refused, as the numeric user ``uid``, with the data outside
    root's private home: in a folder below ``folder``, or by default in the place nearest to the home that the
    user can enter. The default number lies where no distribution gives numbers out.
    """

    namespace: bool = True
    uid: int = 65526
    folder: Path | None = None


class Options(msgspec.Struct, frozen=True):
    """What an installation may choose. ``settings`` are PostgreSQL settings such as ``shared_buffers``."""

    settings: Mapping[str, str] = {}
    runtime_folder: Path | None = (
        None  # for sockets when the home's path is unfit for one; default: temporary
    )
    patience: Patience = Patience()
    root: RootRules = RootRules()
    log_limit: int = 8 << 20  # bytes


class Stage(Enum):
    WAITING = "waiting for another process that is starting the database"
    INITIALISING = "making a new database"
    ENDING_OLD = "waiting for the processes of the earlier server to end"
    STARTING = "starting"
    RECOVERING = "starting up, or recovering; nothing is lost"
    PROVISIONING = "checking roles and database"


class Progress(msgspec.Struct, frozen=True):
    stage: Stage
    seconds: float  # since the start was asked for


Report = Callable[[Stage], None]
