"""Contents on their way: out of the store for a step, and into the store for the journal.

A result is journalled only after its contents are stored, so an address in the journal always leads somewhere.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tenuto.core.graph import Node
from tenuto.pipelines.archive import remove_folder
from tenuto.pipelines.code.digest import ProjectCode
from tenuto.pipelines.code.folder import ProjectCache
from tenuto.pipelines.records import Held
from tenuto.pipelines.values.sinks import chunks_of
from tenuto.pipelines.values.storing import files_needed, received
from tenuto.pipelines.words import ItemOutcome, Status, StoredValue
from tenuto.store.blobs import Blobs

_log = logging.getLogger(__name__)


class Contents:
    """The files of one run on this machine, as long as it is held.

    Each time a run is taken up it has a folder of its own: who held it before may still be about to tidy up.
    """

    def __init__(self, blobs: Blobs, scratch: Path, held: Held) -> None:
        folder = scratch / f"{held.run.id}-{held.fence}"
        for earlier in scratch.glob(f"{held.run.id}-*"):
            _remove(earlier)
        self._blobs = blobs
        self._inputs = folder / "inputs"
        self._attempts = folder / "attempts"
        self.folder = folder
        self._fetching = threading.Lock()
        self._inputs.mkdir(mode=0o700, parents=True, exist_ok=True)

    def local(self, values: Iterable[StoredValue]) -> dict[str, str]:
        """Bring the contents of values here; return their places by digest."""
        needed = {one.digest for value in values for one in files_needed(value)}
        return {digest: str(self._place(digest)) for digest in sorted(needed)}

    @contextmanager
    def attempt(self, attempt: str) -> Iterator[Path]:
        """Give an attempt a folder of its own for as long as it lasts."""
        folder = self._attempts / attempt
        folder.mkdir(mode=0o700, parents=True)
        try:
            yield folder
        finally:
            _remove(folder)

    def stored(self, node: Node, outcome: ItemOutcome, folder: Path) -> ItemOutcome:
        """Check what a step says it made, store the contents, and return the outcome that may be journalled."""
        if outcome.status is not Status.SUCCEEDED:
            return outcome
        declared = {output.name: output.type for output in node.outputs}
        checked = {name: received(value, declared[name]) for name, value in outcome.outputs.items()}
        self.keep(checked.values(), folder)
        return msgspec.structs.replace(outcome, outputs=checked)

    def keep(self, values: Iterable[StoredValue], folder: Path) -> None:
        """Store the contents of values that lie in ``folder``, each named by its digest.

        Raises when one is missing or is not what its digest says: then nothing is stored under that digest.
        """
        for value in values:
            for one in files_needed(value):
                if not self._blobs.has(one.digest):
                    self._blobs.put(chunks_of(one, folder))

    def there(self, values: Iterable[StoredValue]) -> bool:
        """Tell whether the contents of values are all in the store."""
        return all(self._blobs.has(one.digest) for value in values for one in files_needed(value))

    def clear(self) -> None:
        _remove(self.folder)

    def _place(self, digest: str) -> Path:
        place = self._inputs / _name(digest)
        with self._fetching:  # attempts at once may need the same content
            if not place.exists():
                partial = place.with_suffix(".partial")
                self._blobs.fetch(digest, partial).replace(place)
        return place


def folders_of_runs(scratch: Path) -> dict[Path, str]:
    """Return what lies here of runs: folders with the run each belongs to."""
    return {folder: folder.name.rpartition("-")[0] for folder in scratch.glob("*-*")}


def sweep(folders: Mapping[Path, str], open_runs: Container[str]) -> None:
    """Remove what workers that died left of runs that have ended since.

    The open runs have to be asked for after the folders, or a run begun in between would lose its own.
    """
    for folder, run in folders.items():
        if run not in open_runs:
            _remove(folder)


def _remove(folder: Path) -> None:
    try:
        remove_folder(folder)
    except OSError:
        _log.warning("folder.not_removed folder=%s", folder, exc_info=True)


def project(blobs: Blobs, cache: ProjectCache, digest: str, folder: Path) -> tuple[Path, ProjectCode]:
    """Return a run's code, unpacked and read-only, and what is known of its files."""
    if not cache.has(digest):
        archive = blobs.fetch(digest, folder / "project.tar")
        cache.unpacked(digest, archive)
        archive.unlink()
    place = cache.place(digest)
    return place, ProjectCode(place)


def all_values(
    inputs: Mapping[str, StoredValue], items: Iterable[Mapping[str, StoredValue]]
) -> list[StoredValue]:
    return [*inputs.values(), *(value for item in items for value in item.values())]


def _name(digest: str) -> str:
    return digest.removeprefix("sha256:")
