"""Declared things."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tenuto.client.api.calls import Calls, Request
from tenuto.client.documents import Document
from tenuto.client.words import Change, Changes, Items, Kind, Resource

_ADDRESS = "/api/v1/resources/{kind}/{name}"


class Resources:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def kinds(self) -> list[Kind]:
        """Return the kinds of declared things, each with its schema."""
        return self._calls.send(Request("GET", "/api/v1/kinds"), Items[Kind]).items

    def plan(self, documents: Sequence[Document]) -> list[Change]:
        """Return what applying the documents would change. Nothing is changed."""
        return self._calls.send(_declaring("/api/v1/plan", documents), Changes).changes

    def apply(self, documents: Sequence[Document]) -> list[Change]:
        """Make the declared things so, all of them or none."""
        return self._calls.send(_declaring("/api/v1/apply", documents), Changes).changes

    def listing(self, kind: str | None = None) -> list[Resource]:
        """Return the declared things of the organisation, or those of the client's workspace."""
        request = Request("GET", "/api/v1/resources", query={"kind": kind})
        return self._calls.send(request, Items[Resource]).items

    def get(self, kind: str, name: str) -> Resource:
        return self._calls.send(Request("GET", _ADDRESS, {"kind": kind, "name": name}), Resource)

    def history(self, kind: str, name: str) -> list[Resource]:
        """Return its versions, newest first. What was deleted still has them."""
        request = Request("GET", f"{_ADDRESS}/history", {"kind": kind, "name": name})
        return self._calls.send(request, Items[Resource]).items

    def rollback(self, kind: str, name: str, version: int | None = None) -> Change:
        """Declare again what an earlier version said: the one before the current, or ``version``."""
        values = {"kind": kind, "name": name}
        return self._calls.send(
            Request("POST", f"{_ADDRESS}/rollback", values, body={"version": version}), Change
        )

    def delete(self, kind: str, name: str) -> Change:
        """Take a declared thing away. Its history stays."""
        return self._calls.send(Request("DELETE", _ADDRESS, {"kind": kind, "name": name}), Change)


def _declaring(path: str, documents: Sequence[Document]) -> Request:
    return Request("POST", path, body={"documents": [msgspec.to_builtins(one) for one in documents]})
