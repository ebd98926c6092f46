"""Where everything of one home's database lies.

``private`` (the folder ``postgres`` in the home) belongs to whoever runs Tenuto: passwords, log, locks. The
data lie in ``cluster``, which is the same folder, except where root had to drop to another user: then they
lie outside the home, and ``outside.json`` in the private folder says where.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.errors import DATA_DAMAGED, FOLDER_TAKEN
from tenuto.store.embedded.files import Owner, read_private, write_private

PRIVATE_NAME = "postgres"
_RECORD = "outside.json"
_MARK = "home"


class Outside(msgspec.Struct, frozen=True):
    """Data of root's server that runs as another user."""

    folder: str
    uid: int
    gid: int

    @property
    def owner(self) -> Owner:
        return Owner(self.uid, self.gid)


class Layout(msgspec.Struct, frozen=True):
    private: Path
    outside: Outside | None = None

    @property
    def cluster(self) -> Path:
        return Path(self.outside.folder) if self.outside else self.private

    @property
    def data(self) -> Path:
        return self.cluster / "data"

    @property
    def start_lock(self) -> Path:
        """Held while somebody starts the server."""
        return self.private / "start.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the server itself and every process it forked, for as long as one of them lives."""
        return self.cluster / "server.lock"

    @property
    def log(self) -> Path:
        return self.private / "postgres.log"

    @property
    def admin_password(self) -> Path:
        return self.private / "admin-password"

    @property
    def role_passwords(self) -> Path:
        return self.private / "role-passwords.json"

    @property
    def socket_record(self) -> Path:
        return self.private / "socket.json"


def locate(private: Path) -> Layout:
    """Read where the data of this home lie. Raises when they lie outside and are gone or somebody else's."""
    recorded = read_private(private / _RECORD)
    if recorded is None:
        return Layout(private)
    outside = msgspec.json.decode(recorded, type=Outside)
    if not Path(outside.folder).is_dir():
        raise TenutoError(DATA_DAMAGED, f"{outside.folder}, named in {private / _RECORD}, is gone")
    _require_mark(Path(outside.folder), private)
    return Layout(private, outside)


def record_outside(layout: Layout) -> None:
    """Make home and folder name each other."""
    write_private(layout.cluster / _MARK, bytes(layout.private))
    write_private(layout.private / _RECORD, msgspec.json.encode(layout.outside))


def _require_mark(folder: Path, private: Path) -> None:
    """Tell a moved home, which keeps its data, from a copied one, which must not share them."""
    marked = Path((read_private(folder / _MARK) or b"").decode())
    if marked == private:
        return
    if marked.is_dir():
        raise TenutoError(FOLDER_TAKEN, f"{folder} belongs to {marked}")
    write_private(folder / _MARK, bytes(private))
