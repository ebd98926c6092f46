"""Two workspaces never meet, at the level of the database: generated for every table and every verb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from support.platform import ANN
from support.rows import FACTORIES, PARENTS
from tenuto.app.building import load_tables
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope
from tenuto.govern.use_case import Desk
from tenuto.govern.workspaces.words import Environment
from tenuto.store.database import Database, Role, Transaction

METADATA = load_tables()
# These name a workspace and belong to the organisation, so that no row policy divides them: a key is looked up
# before anybody knows its workspace, and a decision reads the bindings of every level. Who may see one in a
# list is asked of Cedar (test_lists.py shows it bite).
ORGANISATION = {"api_key", "role_binding"}
SCOPED = sorted(
    name for name, table in METADATA.tables.items() if "workspace_id" in table.c and name not in ORGANISATION
)


@pytest.fixture
def two(make_workspace: Callable[..., Scope]) -> tuple[Scope, Scope]:
    return make_workspace("one"), make_workspace("two", Environment.PRODUCTION)


@pytest.fixture
def leak(desk: Desk) -> Callable[[str, str], None]:
    """Return a function that gives everybody the right to one verb on every row of a table."""

    def open_up(name: str, verb: str) -> None:
        check = " with check (true)" if verb == "update" else ""
        with desk.database.begin(Scope(ANN), Role.OWNER) as tx:
            tx.execute(sa.text(f"create policy leak on {name} for {verb} to tenuto_app using (true){check}"))

    return open_up


def plant(tx: Transaction, name: str, workspace: str) -> dict[str, Any]:
    """Insert one row of ``name`` for ``workspace`` and return it."""
    row = FACTORIES[name](workspace)
    if name in PARENTS:
        column, parent = PARENTS[name]
        made = plant(tx, parent, workspace)
        row[column] = made["id"]
    tx.execute(METADATA.tables[name].insert(), row)
    return row


def key_of(name: str, row: dict[str, Any]) -> sa.ColumnElement[bool]:
    table = METADATA.tables[name]
    keys = [table.c.id] if "id" in row else list(table.primary_key.columns)
    return sa.and_(*(column == row[column.name] for column in keys))


def is_append_only(database: Database, name: str) -> bool:
    with database.begin(Scope(ANN), Role.SYSTEM) as tx:
        found = tx.scalar(
            sa.text(
                "select 1 from pg_trigger where tgname = 'append_only' and tgrelid = cast(:name as regclass)"
            ),
            {"name": name},
        )
    return found is not None


def test_every_scoped_table_has_a_row_factory() -> None:
    assert set(SCOPED) == set(FACTORIES), "give each new table a factory in tests/support/rows.py"


@pytest.mark.capability("C1")
@pytest.mark.parametrize("name", SCOPED)
def test_another_workspace_neither_sees_nor_changes_a_row(
    name: str, desk: Desk, two: tuple[Scope, Scope]
) -> None:
    one, other = two
    table = METADATA.tables[name]
    with desk.database.begin(one) as tx:
        assert one.workspace
        row = plant(tx, name, one.workspace)
    where = key_of(name, row)
    with desk.database.begin(one) as tx:
        assert len(tx.rows(table.select().where(where))) == 1, (
            "the owner must see it, or the test proves nothing"
        )
    with desk.database.begin(other) as tx:
        assert tx.rows(table.select().where(where)) == []
    if is_append_only(desk.database, name):
        return
    for verb in changing(table, where, other):
        with desk.database.begin(other) as tx:
            assert tx.execute(verb).rowcount == 0, str(verb)
    with desk.database.begin(one) as tx:
        update = table.update().values(workspace_id=table.c.workspace_id)
        assert tx.execute(update.where(where)).rowcount == 1, "the owner must be able to change it"


def changing(table: sa.Table, where: sa.ColumnElement[bool], scope: Scope) -> list[sa.Update | sa.Delete]:
    """Return verbs that read the row, and verbs that read nothing: the policy for reading helps the first only."""
    same = table.update().values(workspace_id=table.c.workspace_id)
    constant = table.update().values(workspace_id=scope.workspace)
    return [same.where(where), constant.where(where), table.delete().where(where), constant, table.delete()]


@pytest.mark.capability("C1")
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_policy_that_leaks_one_verb_is_seen(
    verb: str, desk: Desk, two: tuple[Scope, Scope], leak: Callable[[str, str], None]
) -> None:
    """The test above is worth something: with a policy that lets anybody do ``verb``, it fails."""
    leak("run", verb)
    with pytest.raises(AssertionError, match=f"(?i){verb}"):
        test_another_workspace_neither_sees_nor_changes_a_row("run", desk, two)


@pytest.mark.parametrize("name", SCOPED)
def test_a_row_cannot_be_written_into_another_workspace(
    name: str, desk: Desk, two: tuple[Scope, Scope]
) -> None:
    one, other = two
    assert other.workspace
    with pytest.raises(TenutoError) as caught, desk.database.begin(one) as tx:
        plant(tx, name, other.workspace)
    assert "42501" in caught.value.detail


@pytest.mark.parametrize("name", SCOPED)
def test_without_a_scope_there_is_nothing(name: str, desk: Desk, two: tuple[Scope, Scope]) -> None:
    one, _ = two
    with desk.database.begin(one) as tx:
        assert one.workspace
        plant(tx, name, one.workspace)
    with desk.database.begin(one) as tx:
        tx.execute(sa.text("select set_config('app.scope', '', true), set_config('app.workspace', '', true)"))
        assert tx.rows(METADATA.tables[name].select()) == []


@pytest.mark.parametrize("name", SCOPED)
def test_what_is_append_only_is_never_changed_by_anybody(
    name: str, desk: Desk, two: tuple[Scope, Scope]
) -> None:
    if not is_append_only(desk.database, name):
        assert name not in {"audit_record", "usage_record", "model_version", "dataset_version", "artifact"}
        return
    one, _ = two
    table = METADATA.tables[name]
    with desk.database.begin(one) as tx:
        assert one.workspace
        plant(tx, name, one.workspace)
    for role in (Role.APP, Role.SYSTEM, Role.OWNER):
        for verb in (table.update().values(workspace_id=None), table.delete()):
            with pytest.raises(TenutoError), desk.database.begin(one, role) as tx:
                tx.execute(verb)


def test_the_organisation_does_not_see_into_workspaces(desk: Desk, two: tuple[Scope, Scope]) -> None:
    one, _ = two
    with desk.database.begin(one) as tx:
        assert one.workspace
        plant(tx, "resource", one.workspace)
    with desk.database.begin(msgspec.structs.replace(one, workspace=None)) as tx:
        assert tx.rows(METADATA.tables["resource"].select()) == []
