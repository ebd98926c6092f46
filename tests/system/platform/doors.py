"""One request to a platform as it is, without a second try, and what a platform holds."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from support.running import CommandLine, RunningPlatform
from tenuto.core.clock import SystemClock
from tenuto.store.embedded.processes import working_on
from tenuto.store.embedded.supervisor import EmbeddedPostgres
from tenuto.store.embedded.words import ADMIN, DATABASE

Answer = tuple[int, Any]


def ask(
    platform: RunningPlatform,
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    workspace: str = "",
    **headers: str,
) -> Answer:
    """Send one request and return status and answer. ``headers`` replace what is sent otherwise."""
    given = {"authorization": f"Bearer {platform.key}", "content-type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    if workspace:
        given["tenuto-workspace"] = workspace
    connection = http.client.HTTPConnection(platform.address.removeprefix("http://"), timeout=60)
    with contextlib.closing(connection):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before all was read
            connection.request(method, path, body, given)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")


def apply(platform: RunningPlatform, name: str) -> Answer:
    """Declare a workspace."""
    document = {"kind": "Workspace", "name": name, "spec": {"environment": "development"}}
    return ask(platform, "POST", "/api/v1/apply", json.dumps({"documents": [document]}).encode())


def workspaces(owner: CommandLine) -> set[str]:
    return {one["name"] for one in owner.json("get", "workspace")["items"]}


def data_folder(home: Path) -> Path:
    """Return where the embedded PostgreSQL of a home keeps its data."""
    (data,) = {path.parent for path in home.rglob("PG_VERSION") if (path.parent / "postgresql.conf").exists()}
    return data


@contextlib.contextmanager
def standing_still(home: Path) -> Iterator[None]:
    """Stop every process of the embedded PostgreSQL, and let them go on at the end whatever happens."""
    pids = working_on(data_folder(home))
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def admin(home: Path) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect to the embedded database of a home as its administrator, past every policy."""
    server = EmbeddedPostgres(home, clock=SystemClock()).attach()
    return psycopg.connect(server.info.dsn(ADMIN, server.credentials.admin, DATABASE), autocommit=True)


def rows(home: Path, *tables: str) -> dict[str, int]:
    """Count the rows of tables, of all of Tenuto's when none is named."""
    with admin(home) as connection:
        named = tables or tuple(
            name
            for (name,) in connection.execute(
                "select tablename::text from pg_tables where schemaname = 'public'"
            )
        )
        counting = {
            name: sql.SQL("select count(*) from {}").format(sql.Identifier(name)) for name in sorted(named)
        }
        return {name: int(_one(connection, query)) for name, query in counting.items()}


def _one(connection: psycopg.Connection[tuple[Any, ...]], query: sql.Composed) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
