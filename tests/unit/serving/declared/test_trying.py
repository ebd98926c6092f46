"""An endpoint is tried as the gateway calls it; what the server says is shown, and its absence is told."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from support.use_case_calls import CALLS
from support.world import World
from tenuto.core.errors import TenutoError
from tenuto.serving.declared import use_cases as serving
from tenuto.serving.declared.trying import EndpointTester
from tenuto.serving.errors import HOST_AWAY


class _Server(BaseHTTPRequestHandler):
    """A prediction server that knows one endpoint and says who asked it."""

    def address_string(self) -> str:
        return "a socket file has no address"

    def log_message(self, *_said: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/v2/models/iris/ready" else 404, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if b"bad" in body:
            self._answer(400, b'{"error": "no such tensor"}')
        else:
            told = {"path": self.path, "actor": self.headers["x-tenuto-actor"], "asked": json.loads(body)}
            self._answer(200, json.dumps(told).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def tester(world: World, tmp_path: Path) -> Iterator[EndpointTester]:
    path = tmp_path / "serving.sock"
    with socketserver.ThreadingUnixStreamServer(str(path), _Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield EndpointTester(world.desk, path, world.desk.clock)
        server.shutdown()
        thread.join()


@pytest.mark.capability("M11")
def test_a_prediction_is_asked_for_as_the_reader_and_shown_word_for_word(
    world: World, tester: EndpointTester
) -> None:
    CALLS[serving.endpoint_to_try](world)
    scope = world.inside("lab")
    trial = tester.predict(scope, "iris", b'{"inputs": []}')
    assert (trial.works, trial.status) == (True, 200)
    told = json.loads(trial.answer)
    assert told == {"path": "/v2/models/iris/infer", "actor": scope.actor.id, "asked": {"inputs": []}}
    refused = tester.predict(scope, "iris", b'{"bad": 1}')
    assert (refused.works, refused.status, refused.answer) == (False, 400, '{"error": "no such tensor"}')


def test_readiness_is_the_endpoints_own(tester: EndpointTester) -> None:
    assert tester.ready("iris")
    assert not tester.ready("rose")
    assert not tester.ready("iris/../iris")


def test_a_server_that_is_away_is_told_and_an_endpoint_of_elsewhere_not_asked(
    world: World, tmp_path: Path
) -> None:
    CALLS[serving.endpoint_to_try](world)
    away = EndpointTester(world.desk, tmp_path / "nobody.sock", world.desk.clock)
    assert not away.ready("iris")
    with pytest.raises(TenutoError) as caught:
        away.predict(world.inside("lab"), "iris", b"{}")
    assert caught.value.fault is HOST_AWAY
    with pytest.raises(TenutoError) as unknown:
        away.predict(world.inside("lab"), "rose", b"{}")
    assert unknown.value.fault.code == "govern.resource_unknown"
