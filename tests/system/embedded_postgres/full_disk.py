"""Fill the disk under a server, kill it, start it, free the disk again. Executed by path, on a small disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__ if "__file__" in globals() else sys.argv[0]).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from system.embedded_postgres.recipes import Rows, embedded, kill_hard  # noqa: E402 (needs the path above)
from tenuto.core.errors import TenutoError  # noqa: E402 (same)


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")


def main() -> None:
    home = Path(sys.argv[1])
    ballast = home.parent / "ballast"
    old = embedded(home).start()
    assert old.pid is not None
    with Rows(old) as rows:
        fill(ballast)
        say("filled")
        kill_hard(old.pid)
        try:
            embedded(home).start().stop()
            say("started")  # what the dead server held may be just enough
        except TenutoError as error:
            say(error.fault.code)
        ballast.unlink()
        say("freed")
        with embedded(home).start() as new:
            say("answers" if new.answers() else "silent")
            say("lost", len(rows.lost(new)))
    old.stop()


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as sink:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    sink.write(os.urandom(size))
            except OSError:
                continue


main()
