"""The models a key may call. One object that both formats' clients read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.gateway.errors import MODEL_UNKNOWN
from tenuto.gateway.plan import visible_routes
from tenuto.gateway.words.routing import Identity, Route, Snapshot


def list_models(snapshot: Snapshot, identity: Identity) -> bytes:
    routes = snapshot.routes.get(identity.workspace, {})
    models = [_model(routes[name]) for name in sorted(visible_routes(snapshot, identity))]
    return msgspec.json.encode(
        {
            "object": "list",
            "data": models,
            "has_more": False,
            "first_id": models[0]["id"] if models else None,
            "last_id": models[-1]["id"] if models else None,
        }
    )


def show_model(snapshot: Snapshot, identity: Identity, name: str) -> bytes:
    if name not in visible_routes(snapshot, identity):
        raise TenutoError(MODEL_UNKNOWN, repr(name[:200]))
    return msgspec.json.encode(_model(snapshot.routes[identity.workspace][name]))


def _model(route: Route) -> dict[str, Any]:
    created = datetime.fromtimestamp(route.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": route.name,
        "object": "model",
        "created": route.created,
        "owned_by": "tenuto",
        "type": "model",
        "display_name": route.name,
        "created_at": created,
    }
