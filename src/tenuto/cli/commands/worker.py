"""``tenuto worker``."""

from __future__ import annotations

from pathlib import Path

from tenuto.cli.options import JUST_SHOWN, Shown
from tenuto.cli.output import note


def worker(*, home: Path | None = None, shown: Shown = JUST_SHOWN) -> None:
    """Run one more worker for the pipelines of a platform, until Ctrl-C.

    `tenuto up` runs one. More of them need the home of the installation, or its settings: the database, the
    place of its contents and its keys.

        tenuto worker
        tenuto worker --home /srv/tenuto

    Args:
        home: Folder of the installation; otherwise TENUTO_HOME, or `~/.local/share/tenuto`.
    """
    from tenuto.app.processes.worker import run
    from tenuto.app.settings import read_settings

    def ready() -> None:
        if not shown.json:
            note("the worker takes runs; Ctrl-C ends it")

    run(read_settings(home=home), ready)
