"""Where the data go and who runs the server: decided once when a database is made, kept ever after."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.binaries import Binaries, find_binaries
from tenuto.store.embedded.confinement import (
    Confinement,
    Kind,
    dropped_to,
    in_namespace,
    may_enter,
    ordinary,
    require_running,
)
from tenuto.store.embedded.errors import HOME_NOT_OURS, ROOT_REFUSED
from tenuto.store.embedded.files import Owner
from tenuto.store.embedded.layout import Layout, Outside, record_outside
from tenuto.store.embedded.words import RootRules

_SHARED_BASE = Path("/var/lib/tenuto")
_COPY = "postgresql-"


class Place(msgspec.Struct, frozen=True):
    layout: Layout
    confinement: Confinement
    binaries: Binaries


def place_new(private: Path, rules: RootRules) -> Place:
    """Choose for a home that has no database yet."""
    binaries = find_binaries()
    if os.geteuid() != 0:
        return _checked(Place(Layout(private), ordinary(), binaries))
    inside = in_namespace(private, binaries.program("postgres")) if rules.namespace else None
    if inside is not None:
        return _checked(Place(Layout(private), inside, binaries))
    return _place_outside(private, rules, binaries)


def place_existing(layout: Layout) -> Place:
    """Run an existing database as it was made. Raises where this machine or this user no longer can."""
    binaries = find_binaries()
    if layout.outside is not None:
        owner = layout.outside.owner
        return _checked(Place(layout, dropped_to(owner), _reachable(binaries, layout, owner)))
    maker = layout.data.stat().st_uid
    if maker != os.geteuid():
        raise TenutoError(HOME_NOT_OURS, f"{layout.data} belongs to user {maker}, not to {os.geteuid()}")
    if maker != 0:
        return _checked(Place(layout, ordinary(), binaries))
    inside = in_namespace(layout.cluster, binaries.program("postgres"))
    if inside is None:
        raise TenutoError(ROOT_REFUSED, f"{layout.data} was made in a user namespace, which is refused now")
    return _checked(Place(layout, inside, binaries))


def _place_outside(private: Path, rules: RootRules, binaries: Binaries) -> Place:
    owner = Owner(rules.uid, rules.uid)
    confinement = dropped_to(owner)
    folder = _make_outside(private, rules, owner)
    try:
        layout = Layout(private, Outside(str(folder), owner.uid, owner.gid))
        place = _checked(Place(layout, confinement, _reachable(binaries, layout, owner)))
    except BaseException:
        shutil.rmtree(folder)
        raise
    record_outside(layout)
    return place


def _checked(place: Place) -> Place:
    if place.confinement.kind is not Kind.NAMESPACE:  # entering one has already shown it
        require_running(place.confinement, place.binaries.program("postgres"))
    return place


def _make_outside(private: Path, rules: RootRules, owner: Owner) -> Path:
    """Make a folder that root owns and only ``owner`` may pass through."""
    for base in _bases(private.parent, rules):
        if not base.is_dir():
            if not base.parent.is_dir() or not may_enter(base.parent, owner):
                continue
            base.mkdir()
            base.chmod(0o711)
        if may_enter(base, owner):
            folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=base))
            try:
                os.chown(folder, 0, owner.gid)
            except OSError as error:
                folder.rmdir()
                raise TenutoError(ROOT_REFUSED, f"group {owner.gid}: {error.strerror}") from error
            folder.chmod(0o710)
            return folder
    raise TenutoError(ROOT_REFUSED, f"user {owner.uid} can enter neither the home nor {_SHARED_BASE}")


def _bases(home: Path, rules: RootRules) -> Iterator[Path]:
    """Folders to try, nearest first: in a container only the home's own disk may outlive the container."""
    if rules.folder is not None:
        yield rules.folder
        return
    yield home
    if home.parent.stat().st_dev == home.stat().st_dev:
        yield home.with_name(f"{home.name}.postgres")
    yield _SHARED_BASE


def _reachable(binaries: Binaries, layout: Layout, owner: Owner) -> Binaries:
    """Return programs that ``owner`` can run: the installed ones, or a copy if those lie out of reach."""
    if may_enter(binaries.folder / "bin", owner):
        return binaries
    copy = layout.cluster / f"{_COPY}{binaries.release}"
    if not copy.is_dir():
        for older in layout.cluster.glob(f"{_COPY}*"):
            shutil.rmtree(older)
        staged = Path(tempfile.mkdtemp(prefix=_COPY, dir=layout.cluster))
        binaries.copy_to(staged)
        _open_for_reading(staged)
        staged.rename(copy)
    return binaries.copied_to(copy)


def _open_for_reading(folder: Path) -> None:
    folder.chmod(0o755)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            entry = Path(parent, name)
            if not entry.is_symlink():
                entry.chmod(0o755 if entry.stat().st_mode & 0o100 else 0o644)
