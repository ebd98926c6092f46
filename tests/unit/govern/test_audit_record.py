from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from tenuto.core.errors import INVALID_VALUE, TenutoError
from tenuto.core.words import Actor, ActorKind, Effect, Ref, Verdict
from tenuto.govern.audit_record import AuditedResource, AuditRecord, audit_time, canonical_bytes, leaf_of

RECORD = AuditRecord(
    id="0199a6c2-7d7e-7000-8000-000000000001",
    time="2026-11-21T20:00:00.000000Z",
    actor=Actor(ActorKind.SERVICE_ACCOUNT, "sa-1", "deployer", owner="ana"),
    action="registry:model_version:approve",
    resource=AuditedResource("model_version", "mv-1", "churn 3", "ws-1"),
    workspace="ws-1",
    verdict=Verdict(Effect.DENY, "the author may not approve", "separation-of-duties", "sha256:aa"),
    outcome="refused",
    request_id="req-1",
    source="192.0.2.7",
    detail={"note": "é\n", "count": 3, "before": None},
    writer="w-1",
    writer_seq=7,
)

CANONICAL = (
    '{"action":"registry:model_version:approve",'
    '"actor":{"id":"sa-1","kind":"service_account","name":"deployer","owner":"ana"},'
    '"detail":{"before":null,"count":3,"note":"é\\n"},"id":"0199a6c2-7d7e-7000-8000-000000000001",'
    '"outcome":"refused","request_id":"req-1",'
    '"resource":{"id":"mv-1","kind":"model_version","name":"churn 3","workspace":"ws-1"},'
    '"source":"192.0.2.7","time":"2026-11-21T20:00:00.000000Z",'
    '"verdict":{"effect":"deny","policy_version":"sha256:aa","reason":"the author may not approve",'
    '"rule":"separation-of-duties"},"workspace":"ws-1","writer":"w-1","writer_seq":7}'
)


@pytest.mark.capability("C7")
def test_the_spelling_is_fixed_for_ever() -> None:
    assert canonical_bytes(RECORD) == CANONICAL.encode()
    assert leaf_of(RECORD) == sha256(b"\x00" + CANONICAL.encode()).digest()


@pytest.mark.capability("C7")
def test_a_record_read_back_has_the_same_leaf() -> None:
    read = msgspec.json.decode(canonical_bytes(RECORD), type=AuditRecord)
    assert read == RECORD
    assert leaf_of(read) == leaf_of(RECORD)


@pytest.mark.parametrize("field", [name for name in AuditRecord.__struct_fields__ if name != "detail"])
def test_every_field_counts(field: str) -> None:
    value: Any = getattr(RECORD, field)
    if isinstance(value, str):
        changed: Any = value + "x"
    elif isinstance(value, int):
        changed = value + 1
    else:
        changed = msgspec.structs.replace(value, **{value.__struct_fields__[1]: "other"})
    assert leaf_of(msgspec.structs.replace(RECORD, **{field: changed})) != leaf_of(RECORD)


@pytest.mark.parametrize("detail", [{"x": 0.5}, {"at": datetime.now(UTC)}, {"x": {1, 2}}, {"x": b"y"}])
def test_detail_is_plain_json_without_floats(detail: dict[str, Any]) -> None:
    with pytest.raises(TenutoError) as caught:
        leaf_of(msgspec.structs.replace(RECORD, detail=detail))
    assert caught.value.fault is INVALID_VALUE


def test_time_is_text_of_one_length_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert audit_time(datetime(2026, 11, 21, 22, 0, tzinfo=east)) == "2026-11-21T20:00:00.000000Z"
    assert audit_time(datetime(1, 1, 1, 0, 0, 0, 5, tzinfo=UTC)) == "0001-01-01T00:00:00.000005Z"
    with pytest.raises(TenutoError):
        audit_time(datetime(2026, 11, 21))  # noqa: DTZ001  a time without zone is the case


def test_the_audited_resource_leaves_facts_out() -> None:
    ref = Ref("endpoint", "e-1", "churn", "ws-1", {"environment": "production"})
    assert AuditedResource.of(ref) == AuditedResource("endpoint", "e-1", "churn", "ws-1")
