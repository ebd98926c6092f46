"""What the composition root tells this room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tenuto.core.clock import Clock
from tenuto.core.ids import Ids
from tenuto.store.space import Disks, FreeSpace
from tenuto.web.ports import Authenticator


class SiteConfig(msgspec.Struct, frozen=True, kw_only=True):
    hosts: tuple[str, ...]  # names Tenuto answers under, as `name` or `name:port`
    signing_key: bytes  # at least 32 bytes; keeps forms and messages valid over a restart
    upload_folder: Path  # where uploads lie while they are received
    secure: bool = False  # people reach us over TLS
    behind_edge: bool = False  # only the data plane can reach this socket: its headers are believed
    threads: int = 16  # handlers that run at once
    waiting: int = 128  # requests that may wait for a thread; more are refused
    body_limit: int = 2 * 1024 * 1024  # bytes of a JSON body or a form
    upload_limit: int = 200_000_000  # bytes of an upload, where its route does not set less
    live_pages: int = 64  # live pages that may be open at once
    live_seconds: float = 900.0  # a live page is asked to connect again after this
    heartbeat_seconds: float = 15.0


class SiteParts(msgspec.Struct, frozen=True, kw_only=True):
    services: Any  # handed to every handler
    authenticator: Authenticator
    clock: Clock
    ids: Ids
    space: FreeSpace = Disks()
