"""The gallery behind a client that speaks to it without a socket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from fixtures.gallery.people import API_KEY, EMAIL, PASSWORD, People
from fixtures.gallery.site import gallery
from tenuto.web.registry.registry import Registry

ORIGIN = {"origin": "http://testserver"}


@dataclass
class Visitor:
    """A browser of sorts: keeps cookies, finds the CSRF token of the last page, names its origin."""

    client: TestClient
    registry: Registry
    people: People
    folder: Path
    token: str = ""

    def get(self, path: str, **more: Any) -> Any:
        answer = self.client.get(path, follow_redirects=False, **more)
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        self.token = found[1] if found else self.token
        return answer

    def post(self, path: str, fields: dict[str, Any], **more: Any) -> Any:
        headers = {**ORIGIN, **more.pop("headers", {})}
        data = {"csrf_token": self.token, **fields}
        return self.client.post(path, data=data, headers=headers, follow_redirects=False, **more)

    def sign_in(self) -> None:
        self.get("/sign-in")
        assert self.post("/sign-in", {"email": EMAIL, "password": PASSWORD}).status_code == 303
        self.get("/")

    def api(self, method: str, path: str, **more: Any) -> Any:
        headers = {"authorization": f"Bearer {API_KEY}", **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, follow_redirects=False, **more)


def _visit(folder: Path, people: People, **config: Any) -> Visitor:
    site, registry = gallery(folder, people, **config)
    return Visitor(TestClient(site, raise_server_exceptions=False), registry, people, folder)


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Visitor:
    return _visit(tmp_path_factory.mktemp("gallery"), People())


@pytest.fixture
def visitor(_shared: Visitor) -> Iterator[Visitor]:
    """Somebody nobody knows yet, at a site that is built once."""
    _shared.people.sessions.clear()
    with TestClient(_shared.client.app, raise_server_exceptions=False) as client:
        yield replace(_shared, client=client, token="")


@pytest.fixture
def ada(visitor: Visitor) -> Visitor:
    """Somebody who has signed in."""
    visitor.sign_in()
    return visitor


@pytest.fixture
def first_visitor(tmp_path: Path) -> Iterator[Visitor]:
    """Somebody who comes to an installation that nobody owns."""
    visitor = _visit(tmp_path, People(owned=False))
    with visitor.client:
        yield visitor


@pytest.fixture
def visitor_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Build a visitor of a site with other settings."""
    with ExitStack() as opened:

        def build(**config: Any) -> Visitor:
            visitor = _visit(tmp_path_factory.mktemp("site"), People(), **config)
            opened.enter_context(visitor.client)
            return visitor

        yield build
