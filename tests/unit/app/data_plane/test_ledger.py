"""The spool into the ledger: one line that cannot be booked keeps no other from it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.platform import ANN
from tenuto.app.data_plane.ledger import Settlement, SpendLedger, intent_for
from tenuto.app.data_plane.spool import Spool
from tenuto.core.errors import TenutoError
from tenuto.core.words import Scope, Verdict
from tenuto.gateway.words.calls import CallIntent
from tenuto.gateway.words.routing import Identity, Operation, Snapshot, Upstream
from tenuto.govern.use_case import Desk
from tenuto.spend.metering import reserve
from tenuto.spend.tables import usage_record
from tenuto.spend.words import Candidate, Intent, Outcome, Reservation, Tokens, UsageSource
from tenuto.store.errors import DATABASE_UNAVAILABLE

pytestmark = pytest.mark.capability("G8")
DAMAGED = b'{"damaged": '


class NoSnapshots:
    def current(self) -> Snapshot:
        raise NotImplementedError("delivering asks for no snapshot")


class House:
    """A ledger with its spool in ``folder``, and calls to put into it."""

    def __init__(self, desk: Desk, scope: Scope, folder: Path) -> None:
        self.desk, self.scope, self.folder = desk, scope, folder
        self.spool = Spool(folder / "settlements.jsonl")
        self.ledger = SpendLedger(desk, NoSnapshots(), self.spool)

    def line(self, *, reserved: bool = True) -> bytes:
        request_id = self.desk.ids.new()
        assert self.scope.workspace
        if reserved:
            call = Intent(
                request_id=request_id,
                workspace=self.scope.workspace,
                actor_id=self.scope.actor.id,
                key_id="key",
                route="chat",
                candidates=(Candidate("sim", "small"),),
                input_tokens=10,
                max_output=10,
            )
            assert isinstance(reserve(self.desk, self.scope, call), Reservation)
        outcome = Outcome(
            request_id=request_id,
            provider="sim",
            model="small",
            status="completed",
            tokens=Tokens(7, 2),
            usage_source=UsageSource.PROVIDER,
        )
        scope = msgspec.structs.replace(self.scope, request_id=request_id)
        return msgspec.json.encode(Settlement(scope, outcome, Verdict.system("test")))

    def booked(self) -> int:
        with self.desk.database.begin(self.scope) as tx:
            return len(tx.rows(usage_record.select()))


@pytest.fixture
def house(desk: Desk, make_workspace: Callable[..., Scope], tmp_path: Path) -> Iterator[House]:
    made = House(desk, make_workspace(), tmp_path)
    yield made
    made.ledger.close()


def test_a_damaged_and_a_foreign_line_are_set_aside_and_the_others_booked(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    foreign = house.line(reserved=False)
    for line in (DAMAGED, b"\xff\xfe", foreign, house.line(), house.line()):
        house.spool.add(line)
    with caplog.at_level(logging.ERROR):
        assert house.ledger.deliver() == 2
    assert house.booked() == 2
    assert (house.folder / "settlements.jsonl.unreadable").read_bytes() == DAMAGED + b"\n\xff\xfe\n"
    assert (house.folder / "settlements.jsonl.refused").read_bytes() == foreign + b"\n"
    assert "spend.not_reserved" in caplog.text
    assert caplog.text.count("spool.set_aside") == 3
    assert house.ledger.deliver() == 0
    assert caplog.text.count("spool.set_aside") == 3


def test_a_line_without_bottom_is_unreadable_too(house: House) -> None:
    for line in (b'{"x": ' + b"[" * 100_000, house.line()):
        house.spool.add(line)
    assert house.ledger.deliver() == 1


def test_what_is_set_aside_later_comes_behind_what_was(house: House) -> None:
    for line in (b"first", b"second"):
        house.spool.add(line)
        assert house.ledger.deliver() == 0
    assert (house.folder / "settlements.jsonl.unreadable").read_bytes() == b"first\nsecond\n"


class AwayOnce(SpendLedger):
    """A ledger whose database goes away at the second line, once."""

    seen = 0

    def book(self, settlement: Settlement) -> Any:
        self.seen += 1
        if self.seen == 2:
            raise TenutoError(DATABASE_UNAVAILABLE)
        return super().book(settlement)


def test_a_database_that_is_away_keeps_every_line_in_its_order(house: House) -> None:
    ledger = AwayOnce(house.desk, NoSnapshots(), house.spool)
    for line in (DAMAGED, house.line(), house.line()):
        house.spool.add(line)
    with pytest.raises(TenutoError, match="database"):
        ledger.deliver()
    assert [path.name for path in house.folder.iterdir()] == ["settlements.jsonl"]
    assert ledger.deliver() == 2
    assert house.booked() == 2
    ledger.close()


class Defective(SpendLedger):
    """A ledger with a defect that strikes once."""

    struck = False

    def book(self, settlement: Settlement) -> Any:
        if not self.struck:
            self.struck = True
            raise KeyError("a defect")
        return super().book(settlement)


def test_a_defect_costs_one_line_its_place_and_is_told_in_full(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Defective(house.desk, NoSnapshots(), house.spool)
    lines = house.line(), house.line()
    for line in lines:
        house.spool.add(line)
    assert ledger.deliver() == 1
    assert "Traceback" in caplog.text
    assert (house.folder / "settlements.jsonl.refused").read_bytes() == lines[0] + b"\n"
    ledger.close()


def test_more_is_reserved_for_the_input_than_its_estimate() -> None:
    """Four bytes to a token is few for French, code and JSON: a hard budget would be overrun by the difference."""
    upstream = Upstream("sim", "openai", "openai-compatible", "http://127.0.0.1:1/v1", "small")
    call = CallIntent("r1", Identity("key", ANN, "w"), Operation.CHAT, "chat", (upstream,), 1_000, 50)
    assert (intent_for(call).input_tokens, intent_for(call).max_output) == (1_251, 50)
    unlimited = msgspec.structs.replace(call, output_limit=None)
    assert intent_for(unlimited).max_output == 4_096
