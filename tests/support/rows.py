"""One row for every table that belongs to workspaces. A table without a factory fails the isolation tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tenuto.core.ids import UuidSeven

_NEW = UuidSeven().new
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_DIGEST = "sha256:" + "0" * 64

Row = dict[str, Any]


def _budget(workspace: str) -> Row:
    return {
        "id": _NEW(),
        "workspace_id": workspace,
        "name": "b",
        "amount": 1,
        "period": "day",
        "hard": True,
        "thresholds": [50],
    }


def _model(workspace: str) -> Row:
    return {
        "id": _NEW(),
        "workspace_id": workspace,
        "name": "m",
        "version": 1,
        "digest": _DIGEST,
        "format": "onnx",
        "signature": {},
        "metrics": {},
        "evidence": [],
        "attestation": "{}",
        "authors": ["a"],
        "producer": "run",
    }


def _run(workspace: str) -> Row:
    return {
        "id": _NEW(),
        "workspace_id": workspace,
        "pipeline": "p",
        "graph": {},
        "code": _DIGEST,
        "parameters": {},
        "seed": 0,
        "status": "queued",
        "actor": {},
        "authors": ["a"],
    }


FACTORIES: dict[str, Callable[[str], Row]] = {
    "approval": lambda workspace: {
        "id": _NEW(),
        "workspace_id": workspace,
        "action": "a",
        "subject_kind": "k",
        "subject_id": _NEW(),
        "subject_name": "s",
        "subject_digest": _DIGEST,
        "requested_by": "r",
        "authors": ["a"],
        "evidence": {},
        "state": "waiting",
    },
    "artifact": lambda workspace: {
        "id": _NEW(),
        "workspace_id": workspace,
        "kind": "report",
        "digest": _DIGEST,
        "size": 1,
        "media_type": "t",
        "name": "n",
        "producer": "p",
        "created_by": "c",
    },
    "audit_record": lambda workspace: {
        "id": _NEW(),
        "workspace_id": workspace,
        "writer": _NEW(),
        "writer_seq": 1,
        "at": _NOW,
        "actor_kind": "person",
        "actor_id": "a",
        "action": "x",
        "resource_kind": "k",
        "resource_id": "i",
        "effect": "allow",
        "request_id": "",
        "body": b"{}",
        "leaf": b"\0" * 32,
    },
    "budget": _budget,
    "budget_period": lambda workspace: {"budget_id": None, "starts_at": _NOW, "workspace_id": workspace},
    "dataset_version": lambda workspace: {
        "id": _NEW(),
        "workspace_id": workspace,
        "name": "d",
        "version": 1,
        "digest": _DIGEST,
        "rows": 1,
        "schema": [],
        "profile": {},
        "provenance": {},
        "created_by": "c",
    },
    "lineage_edge": lambda workspace: {
        "workspace_id": workspace,
        "from_kind": "a",
        "from_id": _NEW(),
        "to_kind": "b",
        "to_id": _NEW(),
        "relation": "r",
    },
    "model_stage": lambda workspace: {
        "model_version_id": None,
        "workspace_id": workspace,
        "stage": "registered",
    },
    "model_version": _model,
    "outbox_event": lambda workspace: {
        "id": _NEW(),
        "workspace_id": workspace,
        "type": "t",
        "subject": "s",
        "version": 1,
        "data": {},
    },
    "reservation": lambda workspace: {
        "request_id": _NEW(),
        "workspace_id": workspace,
        "amount": 1,
        "budgets": [],
        "starts": [],
        "route": "r",
        "actor_id": "a",
        "key_id": "k",
        "provider": "p",
        "model": "m",
        "input_tokens": 1,
        "prices": [],
        "expires_at": _NOW,
    },
    "resource": lambda workspace: {
        "id": _NEW(),
        "workspace_id": workspace,
        "kind": "K",
        "name": "n",
        "version": 1,
        "spec": {},
        "author": "a",
    },
    "resource_revision": lambda workspace: {
        "resource_id": _NEW(),
        "version": 1,
        "workspace_id": workspace,
        "kind": "K",
        "name": "n",
        "spec": {},
        "author": "a",
    },
    "run": _run,
    "run_expansion": lambda workspace: {
        "run_id": None,
        "node": "n",
        "workspace_id": workspace,
        "items": [],
    },
    "run_log": lambda workspace: {
        "run_id": None,
        "node": "n",
        "attempt": _NEW(),
        "workspace_id": workspace,
        "text": "t",
    },
    "run_task": lambda workspace: {
        "run_id": None,
        "node": "n",
        "item": -1,
        "workspace_id": workspace,
        "state": {},
        "status": "waiting",
    },
    "secret": lambda workspace: {
        "id": _NEW(),
        "workspace_id": workspace,
        "name": "s",
        "version": 1,
        "envelope": b"e",
    },
    "step_result": lambda workspace: {
        "workspace_id": workspace,
        "step_key": _NEW(),
        "step": "s",
        "key_parts": {},
        "outputs": {},
        "run_id": _NEW(),
    },
    "prediction": lambda workspace: {
        "id": _NEW(),
        "workspace_id": workspace,
        "endpoint": "e",
        "version": "1",
        "request_id": "r",
        "actor_id": "a",
        "key_id": "k",
        "rows": 1,
        "duration_us": 1,
        "status": 200,
        "code": "",
        "at": _NOW,
    },
    "usage_record": lambda workspace: {
        "request_id": _NEW(),
        "revision": 1,
        "workspace_id": workspace,
        "actor_id": "a",
        "key_id": "k",
        "route": "r",
        "provider": "p",
        "model": "m",
        "status": "ok",
        "streamed": False,
        "attempts": 1,
        "input_tokens": 1,
        "cached_input_tokens": 0,
        "output_tokens": 1,
        "reasoning_tokens": 0,
        "usage_source": "provider",
        "price_source": "unpriced",
        "duration_ms": 1,
        "overhead_us": 1,
    },
}

# Rows that need another row of the same workspace first: the column, and the table it points to.
PARENTS: dict[str, tuple[str, str]] = {
    "budget_period": ("budget_id", "budget"),
    "model_stage": ("model_version_id", "model_version"),
    "run_expansion": ("run_id", "run"),
    "run_log": ("run_id", "run"),
    "run_task": ("run_id", "run"),
}
