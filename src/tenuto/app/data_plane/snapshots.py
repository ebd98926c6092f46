"""Keep the newest snapshot at hand: compiled again whenever something that it rests on was committed."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import msgspec

from tenuto.app.rounds import go_round
from tenuto.core.words import Scope, system_actor
from tenuto.gateway.declared.compiling import Compiler, egress_targets
from tenuto.gateway.declared.words import EgressTarget
from tenuto.gateway.words.routing import Snapshot
from tenuto.store.bell import Bell
from tenuto.store.database import Database, Role

_SCOPE = Scope(system_actor("gateway-snapshot"))
_POLL_SECONDS = 2.0


class _View(msgspec.Struct, frozen=True):
    snapshot: Snapshot
    egress: tuple[EgressTarget, ...]


class Snapshots:
    """The snapshot of one process. ``current`` never waits."""

    def __init__(self, database: Database, compiler: Compiler) -> None:
        self._database = database
        self._compiler = compiler
        self._view = self._compile()
        self._stopping = threading.Event()

    def current(self) -> Snapshot:
        return self._view.snapshot

    def egress(self) -> Sequence[EgressTarget]:
        return self._view.egress

    def follow(self) -> None:
        """Compile anew at every bell, until ``stop``. What fails is logged, and the snapshot at hand served on."""
        bell = Bell(self._database.raw_url(Role.SYSTEM))
        go_round("snapshot", lambda: self._renew(bell), self._stopping)
        bell.close()

    def _renew(self, bell: Bell) -> None:
        bell.wait(_POLL_SECONDS)
        self._view = self._compile()

    def stop(self) -> None:
        self._stopping.set()

    def _compile(self) -> _View:
        with self._database.begin(_SCOPE, Role.SYSTEM, one_moment=True) as tx:
            return _View(self._compiler.compile(tx), tuple(egress_targets(tx)))
