"""The folder of a project: what of it is uploaded, and how a worker gets it back."""

from __future__ import annotations

import fnmatch
import tempfile
from pathlib import Path

import msgspec

from tenuto.core.digests import digest_of_file, require_digest
from tenuto.core.errors import TenutoError
from tenuto.pipelines.archive import Bounds, Entry, entries_of, pack, remove_folder, unpack
from tenuto.pipelines.errors import ARCHIVE_NOT_POSSIBLE
from tenuto.pipelines.values.sinks import HashingSink

BOUNDS = Bounds(entries=10_000, size=100 * 2**20)

# Caches, environments and version control are not code; files like those of the last line hold secrets.
IGNORED = (
    ".git", ".hg", ".svn", ".venv", ".venvs", "venv", "node_modules", "__pycache__", "*.pyc", "*.egg-info",
    ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox", ".ipynb_checkpoints",
    ".idea", ".vscode", ".DS_Store",
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "id_rsa*", "id_ed25519*", ".netrc", ".pypirc",
)  # fmt: skip


class PackedProject(msgspec.Struct, frozen=True):
    digest: str
    size: int  # bytes of the archive
    files: int


def project_entries(root: Path) -> list[Entry]:
    """Return what of the project's folder counts, sorted by name."""
    return entries_of(root, BOUNDS, is_ignored)


def is_ignored(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in IGNORED)


def pack_project(root: Path, target: Path) -> PackedProject:
    """Write the project's archive to ``target``. The same files always give the same digest."""
    entries = project_entries(root)
    with target.open("wb") as raw:
        sink = HashingSink(raw)
        pack(entries, sink)
    return PackedProject(sink.digest, sink.size, sum(not entry.is_folder for entry in entries))


class ProjectCache:
    """Unpacked projects below ``root``, each once, read-only. Several workers may share one cache."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def place(self, digest: str) -> Path:
        return self._root / require_digest(digest).removeprefix("sha256:")

    def has(self, digest: str) -> bool:
        return self.place(digest).is_dir()

    def unpacked(self, digest: str, archive: Path) -> Path:
        """Return the folder of the project, unpacked from ``archive`` unless it is there already."""
        place = self.place(digest)
        if place.is_dir():
            return place
        if digest_of_file(archive) != digest:
            raise TenutoError(ARCHIVE_NOT_POSSIBLE, f"it is not {digest}")
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        staged = Path(tempfile.mkdtemp(prefix="unpacking-", dir=self._root))
        try:
            folder = unpack(archive, staged / "project", BOUNDS, read_only=True)
            self._move(folder, place)
        finally:
            remove_folder(staged)
        return place

    @staticmethod
    def _move(folder: Path, place: Path) -> None:
        """Move in one step; a worker that was faster has put the same content there."""
        folder.chmod(0o700)  # a folder is renamed by changing it
        try:
            folder.rename(place)
        except OSError:
            if not place.is_dir():
                raise
        place.chmod(0o500)
