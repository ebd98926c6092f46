"""Build the stage and take it down again: a private platform in a folder of its own, two simulators."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from tenuto.app.settings import Settings, child_environment
from tenuto.app.up import Running, running
from tenuto.cli.demo import setting_up
from tenuto.cli.demo.application import Application
from tenuto.cli.demo.door import Door
from tenuto.cli.demo.people import Person, Surroundings, Uses
from tenuto.cli.demo.provider import Provider
from tenuto.cli.demo.simulators import Simulator, simulator
from tenuto.cli.demo.stage import WORKSPACE, Stage
from tenuto.cli.demo.words import require
from tenuto.govern.checkpoints import FolderSink

Notice = Callable[[str], None]


@contextlib.contextmanager
def stage(folder: Path, project: Path, notice: Notice, provider: Provider | None = None) -> Iterator[Stage]:
    """Yield a stage on which nothing has happened yet but its setting up."""
    settings = Settings(
        home=folder / "home",
        port=_free_port(),
        checkpoint_folder=folder / "checkpoints",
        checkpoint_seconds=2.0,
    )
    api_key = secrets.token_hex(16)
    with (
        simulator(folder / "simulator-1.jsonl", api_key) as first,
        simulator(folder / "simulator-2.jsonl", api_key) as second,
        running(settings, notice) as platform,
        contextlib.ExitStack() as closing,
    ):
        require(platform.token, "a fresh home has no owner, so `up` offers a token")
        notice("setting up people, roles, a workspace and providers")
        built = _Building(settings, project, platform, notice, provider)
        yield built.stage((first, second), api_key, closing)


class _Building:
    """From a platform that just came up to a stage."""

    def __init__(
        self, settings: Settings, project: Path, platform: Running, notice: Notice, provider: Provider | None
    ) -> None:
        self._settings = settings
        self._project = project
        self._platform = platform
        self._notice = notice
        self._provider = provider
        self._folder = settings.home.parent
        self._uses = Uses()

    def stage(
        self, simulators: tuple[Simulator, Simulator], api_key: str, closing: contextlib.ExitStack
    ) -> Stage:
        address, password = self._platform.address, secrets.token_urlsafe(18)
        ada = setting_up.first_owner(address, self._platform.token or "", password)
        anywhere = Door(address, ada.key)
        setting_up.workspace(anywhere)
        owner = Door(address, ada.key, WORKSPACE)
        ben, chloe = setting_up.people(address, owner)
        setting_up.upstreams(anywhere, simulators, api_key, self._provider)
        application = Application(address, setting_up.application(owner), self._uses)
        people = [self._person(one) for one in (ada, ben, chloe)]
        for one in people:
            closing.callback(one.close)
        closing.callback(application.close)
        return Stage(
            address=address,
            folder=self._folder,
            project=self._project,
            sources=self._settings.home / "sources",
            logs=self._settings.home / "logs",
            owner=people[0],
            scientist=people[1],
            approver=people[2],
            application=application,
            first=simulators[0],
            second=simulators[1],
            provider=self._provider,
            worker_pid=lambda: self._platform.pids()["worker"],
            progress=self._notice,
            uses=self._uses,
            kept={
                "newest_checkpoint": FolderSink(self._settings.checkpoints, self._settings.home).latest,
                "owner_password": password,
            },
        )

    def _person(self, arrived: setting_up.Arrived) -> Person:
        environment = child_environment(self._settings)
        around = Surroundings(self._platform.address, WORKSPACE, self._folder, environment, self._uses)
        return Person(arrived.name, arrived.id, arrived.key, around)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
