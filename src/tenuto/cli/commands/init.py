"""``tenuto init``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from tenuto.cli.errors import WRONG_USE
from tenuto.cli.options import JUST_SHOWN, Shown
from tenuto.cli.output import print_json
from tenuto.core.errors import TenutoError


def init(
    *,
    print_sql: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    shown: Shown = JUST_SHOWN,
) -> None:
    """Prepare a PostgreSQL of your own, version 15 or newer.

    The script makes the three roles and the database that Tenuto uses. An administrator reads it, runs it with
    psql, and gives the passwords in the environment; then `tenuto up` is told the addresses. The embedded
    PostgreSQL needs none of this.

        tenuto init --print-sql > tenuto.sql
        psql --file tenuto.sql postgresql://admin@database.example/postgres

    Args:
        print_sql: Print the script for the administrator.
    """
    if not print_sql:
        raise TenutoError(WRONG_USE, "say what to prepare: `tenuto init --print-sql`")
    from tenuto.store.embedded.provision import provision_sql

    if shown.json:
        print_json({"sql": provision_sql()})
    else:
        print(provision_sql(), end="")
