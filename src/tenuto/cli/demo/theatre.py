"""Build the stage and take it down again: a private platform in a folder of its own, two simulators."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from tenuto.app.settings import Settings
from tenuto.app.up import running
from tenuto.cli.demo import setting_up
from tenuto.cli.demo.door import Door
from tenuto.cli.demo.simulators import simulator
from tenuto.cli.demo.stage import WORKSPACE, Stage
from tenuto.cli.demo.words import require
from tenuto.govern.checkpoints import FolderSink


@contextlib.contextmanager
def stage(folder: Path, project: Path, notice: Callable[[str], None]) -> Iterator[Stage]:
    """Yield a stage on which nothing has happened yet but its setting up."""
    settings = Settings(
        home=folder / "home",
        port=_free_port(),
        checkpoint_folder=folder / "checkpoints",
        checkpoint_seconds=2.0,
    )
    api_key, password = secrets.token_hex(16), secrets.token_urlsafe(18)
    with (
        simulator(folder / "simulator-1.jsonl", api_key) as first,
        simulator(folder / "simulator-2.jsonl", api_key) as second,
        running(settings, notice) as platform,
    ):
        require(platform.token, "a fresh home has no owner, so `up` offers a token")
        notice("setting up people, roles, a workspace and two simulated providers")
        owner_key = setting_up.first_owner(platform.address, platform.token or "", password)
        owner = Door(platform.address, owner_key, WORKSPACE)
        setting_up.workspace(Door(platform.address, owner_key))
        ben, chloe = setting_up.people(platform.address, owner)
        setting_up.upstreams(Door(platform.address, owner_key), [first, second], api_key)
        sink = FolderSink(settings.checkpoints, settings.home)
        yield Stage(
            address=platform.address,
            folder=folder,
            project=project,
            sources=settings.home / "sources",
            owner=owner,
            scientist=Door(platform.address, ben, WORKSPACE),
            approver=Door(platform.address, chloe, WORKSPACE),
            first=first,
            second=second,
            worker_pid=lambda: platform.pids()["worker"],
            progress=notice,
            kept={
                "gateway_key": setting_up.application(owner),
                "newest_checkpoint": sink.latest,
                "owner_password": password,
            },
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
