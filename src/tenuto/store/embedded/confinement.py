"""Under which identity PostgreSQL runs.

An ordinary user runs it as it is. PostgreSQL refuses root, who runs it in a user namespace, or where that is
refused as an unprivileged numeric user.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.errors import BINARIES_UNUSABLE, ROOT_REFUSED
from tenuto.store.embedded.files import Owner

_SCRIPT = Path(__file__).with_name("enter_namespace.py")
_PROBE_LIMIT = 20.0  # seconds
# Nothing of the caller's environment reaches the server: no PG* variable, no secret.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}


class Kind(Enum):
    PLAIN = "plain"
    NAMESPACE = "namespace"
    DROPPED = "dropped"


class Confinement(msgspec.Struct, frozen=True):
    """``owner`` owns the files as the rest of the machine sees it.

    ``named`` is an unprivileged user with an entry in the user database: initdb wants a name, the server does
    not. In a namespace it is who the server believes to be; a dropped server lends it to initdb alone.
    """

    kind: Kind
    owner: Owner
    named: Owner

    def run(
        self,
        command: Sequence[str],
        *,
        output: int,
        keep: Sequence[int] = (),
        initialising: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Start ``command`` in a session of its own, so that no signal meant for the caller reaches it."""
        dropped = self.kind is Kind.DROPPED
        uid = self.named.uid if initialising else self.owner.uid
        if self.kind is Kind.NAMESPACE:
            command = [*_entering(self.named), "run", *command]
        try:
            return subprocess.Popen(  # noqa: S603 (the command is built from installed paths)
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_ENVIRONMENT,
                start_new_session=True,
                pass_fds=tuple(keep),
                umask=0o077,
                user=uid if dropped else None,
                group=self.owner.gid if dropped else None,
                extra_groups=() if dropped else None,
            )
        except OSError as error:
            # The child names a file only if it got as far as executing one.
            fault = ROOT_REFUSED if error.filename is None else BINARIES_UNUSABLE
            raise TenutoError(fault, f"{command[0]}: {error.strerror}") from error

    def outcome(self, command: Sequence[str], *, limit: float, initialising: bool = False) -> tuple[int, str]:
        """Run ``command`` to its end, at most ``limit`` seconds. Returns its exit code and its words."""
        process = self.run(command, output=subprocess.PIPE, initialising=initialising)
        try:
            said, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        return process.returncode, said.decode(errors="replace").strip()


def ordinary() -> Confinement:
    me = Owner(os.geteuid(), os.getegid())
    return Confinement(Kind.PLAIN, me, me)


def in_namespace(folder: Path, program: Path) -> Confinement | None:
    """Root's first choice. None where the kernel refuses it or the programs cannot be reached from inside."""
    named = _named_user()
    if named is None:
        return None
    probe = [*_entering(named), "probe", str(folder), str(program)]
    done = subprocess.run(  # noqa: S603 (our own script)
        probe, env=_ENVIRONMENT, capture_output=True, timeout=_PROBE_LIMIT, check=False
    )
    return Confinement(Kind.NAMESPACE, Owner(0, 0), named) if done.returncode == 0 else None


def dropped_to(owner: Owner) -> Confinement:
    """Root's second choice: the server runs as ``owner``, which needs no entry in the user database."""
    named = owner if _has_name(owner.uid) else _named_user()
    if named is None:
        raise TenutoError(ROOT_REFUSED, "initdb needs one unprivileged user with a name, such as `nobody`")
    return Confinement(Kind.DROPPED, owner, named)


def require_running(confinement: Confinement, program: Path) -> None:
    """Raise unless ``program`` runs under this identity here."""
    code, said = confinement.outcome([str(program), "--version"], limit=_PROBE_LIMIT)
    if code != 0:
        raise TenutoError(BINARIES_UNUSABLE, f"{program}: {said}")


def may_enter(folder: Path, owner: Owner) -> bool:
    """Tell whether ``owner`` may pass through ``folder`` and all folders above it."""
    for place in (folder, *folder.parents):
        entry = place.stat()
        shift = 6 if entry.st_uid == owner.uid else 3 if entry.st_gid == owner.gid else 0
        if not entry.st_mode >> shift & 0o1:
            return False
    return True


def _entering(inside: Owner) -> list[str]:
    return [sys.executable, "-I", "-S", str(_SCRIPT), str(inside.uid), str(inside.gid)]


def _named_user() -> Owner | None:
    """An unprivileged user with a name: `nobody` where there is one."""
    others = (entry for entry in pwd.getpwall() if entry.pw_uid != 0)
    best = min(others, key=lambda entry: (entry.pw_name != "nobody", entry.pw_uid), default=None)
    return Owner(best.pw_uid, best.pw_gid) if best else None


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
