"""Style sheets and scripts, held in memory under addresses that change with their content.

No request ever turns into a file name: what is served was listed when the site was built.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.web.errors import ROUTE_UNKNOWN
from tenuto.web.registry.words import Public, Route, Surface
from tenuto.web.words import Call, Content

FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
_DIGEST_LENGTH = 16
_FOREVER = "public, max-age=31536000, immutable"


class Asset(msgspec.Struct, frozen=True):
    address: str
    media_type: str
    plain: bytes
    gzipped: bytes


class Statics:
    """All files below ``folder`` whose kind browsers need; licences lie beside them and are served too."""

    def __init__(self, folder: Path = FOLDER) -> None:
        files = [file for file in sorted(folder.rglob("*")) if file.suffix in _TYPES]
        self._assets = {str(file.relative_to(folder)): _asset(folder, file) for file in files}
        self._by_address = {asset.address: asset for asset in self._assets.values()}

    def address(self, name: str) -> str:
        """Return the address of a file, for templates. Raises KeyError when it is not there."""
        return self._assets[name].address

    def route(self) -> Route:
        return Route(
            "GET",
            "/static/{digest}/{name:path}",
            handler=self._serve,
            summary="A style sheet, script or picture of the console",
            public=Public("the sign-in page needs them, and they are the same for everybody"),
            response=Content,
            surface=Surface.API,
            tag="console",
        )

    def _serve(self, call: Call, _body: Any, _query: Any) -> Content:
        asset = self._by_address.get(call.page)
        if asset is None:
            raise TenutoError(ROUTE_UNKNOWN, call.page)
        return Content(asset.plain, asset.media_type, gzipped=asset.gzipped, cache_control=_FOREVER)


def _asset(folder: Path, file: Path) -> Asset:
    plain = file.read_bytes()
    digest = hashlib.sha256(plain).hexdigest()[:_DIGEST_LENGTH]
    address = f"/static/{digest}/{file.relative_to(folder).as_posix()}"
    return Asset(address, _TYPES[file.suffix], plain, gzip.compress(plain, 6, mtime=0))
