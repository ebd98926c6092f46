"""What every use case owes: permission before effect, and effect, record and events together or not at all."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

import tenuto
from support.platform import Allowing
from support.record_details import DETAILS, OTHER_ACTIONS
from support.use_case_calls import CALLS, Prepared
from support.world import World
from tenuto.app.building import load_tables
from tenuto.core.errors import TenutoError
from tenuto.core.words import Effect, Scope, Verdict
from tenuto.govern.actions import Action, action_named
from tenuto.govern.audit_record import AuditedResource, AuditRecord
from tenuto.govern.use_case import UseCase
from tenuto.store.database import Database, Logins, Role, Transaction

METADATA = load_tables()
LOG = frozenset({"audit_record", "audit_pending", "audit_writer"})
OUTBOX = "outbox_event"


def declared_in(package: ModuleType) -> dict[str, UseCase[..., Any]]:
    """Every use case by its full name, from each file ``use_cases.py`` and each package ``use_cases``.

    That they stand nowhere else is held by tests/architecture.
    """
    prefix = f"{package.__name__}."
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(package.__path__, prefix)
        if "use_cases" in found.name.split(".")
    ]
    return {
        f"{module.__name__.removeprefix(prefix)}:{name}": value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, UseCase) and value.__module__ == module.__name__
    }


USE_CASES = declared_in(tenuto)


class BreakingDatabase(Database):
    """Fails at the last moment before each commit."""

    @contextmanager
    def begin(
        self, scope: Scope, role: Role = Role.APP, *, one_moment: bool = False
    ) -> Iterator[Transaction]:
        with super().begin(scope, role, one_moment=one_moment) as tx:
            yield tx
            raise BrokenCommitError


class BrokenCommitError(Exception):
    pass


class Snapshot(msgspec.Struct, frozen=True):
    """The digest of every table's content, and how many rows it has."""

    digests: dict[str, str]
    counts: dict[str, int]

    def changed_since(self, before: Snapshot) -> set[str]:
        return {name for name, digest in self.digests.items() if before.digests[name] != digest}

    def added_since(self, before: Snapshot, name: str) -> int:
        return self.counts[name] - before.counts[name]


def look(database: Database, scope: Scope) -> Snapshot:
    parts = [
        f"select '{name}', count(*), coalesce(md5(string_agg(t::text, ';' order by t::text)), '') from {name} t"  # noqa: S608 (names from our own metadata)
        for name in METADATA.tables
    ]
    with database.begin(scope, Role.SYSTEM) as tx:
        rows = tx.rows(sa.text(" union all ".join(parts)))
    return Snapshot({name: digest for name, _, digest in rows}, {name: count for name, count, _ in rows})


def newest_records(database: Database, scope: Scope, count: int) -> list[AuditRecord]:
    query = sa.text("select body from audit_record order by at desc, writer_seq desc limit :count")
    with database.begin(scope, Role.SYSTEM) as tx:
        return [
            msgspec.json.decode(bytes(row.body), type=AuditRecord) for row in tx.rows(query, {"count": count})
        ]


def transactions_in(database: Database, scope: Scope) -> set[str]:
    """Return every transaction whose rows the tables show."""
    parts = [f"select xmin::text as writer from {name}" for name in METADATA.tables]  # noqa: S608 (names from our own metadata)
    with database.begin(scope, Role.SYSTEM) as tx:
        return {row.writer for row in tx.rows(sa.text(" union ".join(parts)))}


def test_a_package_of_use_cases_is_found_as_a_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "from tenuto.govern.use_case import use_case\n\n@use_case('a:b:c')\ndef {name}(case): ...\n"
    for path, name in (("one/use_cases.py", "file"), ("two/use_cases/buying.py", "part")):
        (tmp_path / "strange_house" / path).parent.mkdir(parents=True)
        (tmp_path / "strange_house" / path).write_text(source.format(name=name))
    (tmp_path / "strange_house/two/use_cases/__init__.py").write_text("from .buying import part\n")
    for folder in ("", "one", "two"):
        (tmp_path / "strange_house" / folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert set(declared_in(importlib.import_module("strange_house"))) == {
        "one.use_cases:file",
        "two.use_cases.buying:part",
    }


def test_every_use_case_has_a_call() -> None:
    missing = sorted(name for name, use_case in USE_CASES.items() if use_case not in CALLS)
    assert len(USE_CASES) > 40
    assert not missing, "give each new use case a call in tests/support/use_case_calls.py"


def test_every_use_case_that_records_has_its_detail_listed() -> None:
    missing = {name for name, one in USE_CASES.items() if one.mutating} - set(DETAILS)
    assert not missing, "say in tests/support/record_details.py what their records tell"


def test_every_use_case_asks_for_a_known_action() -> None:
    known = {action.value for action in Action}
    assert {name: one.action for name, one in USE_CASES.items() if one.action not in known} == {}


def test_what_is_recorded_by_nature_is_recorded_by_its_use_case() -> None:
    """What policies call evidence or a change leaves a record, but for what only begins it or shows no record."""
    recorded = {action.value for action in Action if action.recorded}
    silent = {name for name, one in USE_CASES.items() if one.action in recorded and not one.mutating}
    assert silent == {"data.use_cases:source_to_read", "govern.audit.use_cases:state"}


@pytest.mark.capability("C7")
@pytest.mark.parametrize("name", sorted(USE_CASES))
def test_refused_or_failing_it_leaves_no_effect_and_allowed_all_of_it(
    name: str, world: World, logins: Logins
) -> None:
    one = CALLS[USE_CASES[name]](world)
    _refused_it_changes_nothing_and_is_recorded_once(USE_CASES[name].action, world, one)
    _failing_after_its_effect_it_leaves_nothing(world, one, logins)
    asked = Allowing()
    _allowed_it_writes_what_it_says_in_one_transaction(world, one, asked)
    _its_records_say_what_was_done(name, newest_records(world.desk.database, world.home, one.records), asked)
    assert USE_CASES[name].mutating == bool(one.records)


def _refused_it_changes_nothing_and_is_recorded_once(action: str, world: World, one: Prepared) -> None:
    database = world.desk.database
    before = look(database, world.home)
    with pytest.raises(TenutoError) as caught:
        one.call(msgspec.structs.replace(world.desk, decider=Allowing(action)))
    after = look(database, world.home)
    assert caught.value.fault.code == "govern.not_allowed"
    assert caught.value.context["rule"] == "test.refuse"
    assert caught.value.context["policy_version"] == "test"
    assert after.changed_since(before) == LOG
    assert after.added_since(before, "audit_record") == 1
    (record,) = newest_records(database, world.home, 1)
    assert record.verdict is not None
    assert (record.action, record.outcome, record.verdict.effect.value) == (action, "refused", "deny")
    assert record.verdict.reason == f"the test refuses {action}"
    assert record.workspace == record.resource.workspace, "whoever may read that place's log must find it"


def _failing_after_its_effect_it_leaves_nothing(world: World, one: Prepared, logins: Logins) -> None:
    breaking = BreakingDatabase(logins, pool_size=1)
    before = look(world.desk.database, world.home)
    with pytest.raises(BrokenCommitError):
        one.call(msgspec.structs.replace(world.desk, database=breaking))
    breaking.close()
    assert look(world.desk.database, world.home).changed_since(before) == set()


def _allowed_it_writes_what_it_says_in_one_transaction(world: World, one: Prepared, asked: Allowing) -> None:
    database = world.desk.database
    earlier = transactions_in(database, world.home)
    before = look(database, world.home)
    one.call(msgspec.structs.replace(world.desk, decider=asked))
    after = look(database, world.home)
    log = LOG if one.records else frozenset[str]()
    outbox = {OUTBOX} if one.events else set[str]()
    assert after.changed_since(before) == one.changes | log | outbox
    assert after.added_since(before, "audit_record") == one.records
    assert after.added_since(before, OUTBOX) == one.events
    assert len(transactions_in(database, world.home) - earlier) == bool(one.records)
    for record in newest_records(database, world.home, one.records):
        assert (record.outcome, record.actor) == ("done", world.home.actor)
        assert record.workspace == record.resource.workspace


def _its_records_say_what_was_done(name: str, records: list[AuditRecord], asked: Allowing) -> None:
    """Each record names the declared action, on what it was asked for, with the answer to that very question."""
    action = OTHER_ACTIONS.get(name) or action_named(USE_CASES[name].action)
    for record in records:
        assert record.action == action.value
        assert record.resource.kind in action.kinds
        assert record.resource in _permitted(asked, record)
        assert record.verdict == Verdict(Effect.ALLOW, "the test allows it", "test.allow", "test")
        assert set(record.detail) == DETAILS[name]


def _permitted(asked: Allowing, record: AuditRecord) -> list[AuditedResource]:
    """What the action was asked for. What is not there yet is asked for under the id ``new``."""
    asked_for = [AuditedResource.of(ref) for action, ref in asked.asked if action == record.action]
    own = record.resource.id
    return [msgspec.structs.replace(one, id=own) if one.id == "new" else one for one in asked_for]
