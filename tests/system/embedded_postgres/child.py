"""A process of its own that uses the embedded PostgreSQL. Executed by path; talks JSON, one object a line.

    child.py HOME VERB [OPTIONS as JSON]

``start`` starts and lets go, ``hold`` starts and waits, ``attach`` attaches and waits, ``lock`` takes the
start lock and waits. Each ends without stopping the server when its standard input closes.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from tenuto.core.clock import SystemClock
from tenuto.core.errors import TenutoError
from tenuto.store.embedded.locks import try_lock
from tenuto.store.embedded.supervisor import EmbeddedPostgres
from tenuto.store.embedded.words import Options, Patience, RootRules


def main() -> None:
    home, verb, *rest = sys.argv[1:]
    given = json.loads(rest[0]) if rest else {}
    if verb == "lock":
        lock = try_lock(Path(home, "postgres", "start.lock"))
        assert lock is not None
        lock.sign()
        say(locked=True)
        sys.stdin.read()
        return
    try:
        act(Path(home), verb, given)
    except TenutoError as error:
        say(fault=error.fault.code, detail=error.detail)


def act(home: Path, verb: str, given: dict[str, Any]) -> None:
    embedded = EmbeddedPostgres(home, clock=SystemClock(), options=options_of(given))
    server = embedded.attach() if verb == "attach" else embedded.start()
    say(pid=server.pid, owned=server.owned, folder=server.info.folder, uid=os.geteuid())
    if verb != "start":
        sys.stdin.read()
    # Gone as after a kill: no clean-up, no stop, no warning about the child that lives on.
    sys.stdout.flush()
    os._exit(0)


def options_of(given: dict[str, Any]) -> Options:
    folder = given.get("root_folder")
    return Options(
        runtime_folder=Path(given["runtime"]) if "runtime" in given else None,
        root=RootRules(folder=Path(folder) if folder else None),
        patience=Patience(silence=given.get("silence", 30.0)),
    )


def say(**words: Any) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
