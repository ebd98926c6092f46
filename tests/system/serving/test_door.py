"""The door as clients see it: an independent client, and raw requests that are wrong in every way."""

from __future__ import annotations

import json
import socket
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton

from support.serving_host import RunningHost, matrix, wait_for
from support.serving_models import cancer, scaled_regression, spec_of
from tenuto.serving.conversion.offline import offline_predict
from tenuto.serving.words import Deployment

pytestmark = [pytest.mark.system, pytest.mark.capability("M11")]
ROWS = cancer()[0]


@pytest.fixture(scope="module")
def door(host: RunningHost, folder: Path) -> RunningHost:
    model = scaled_regression()
    onnx = spec_of(model, ROWS, folder)
    native = spec_of(model, ROWS, folder, version="2", native=True)
    outcome = host.apply(Deployment("cancer", onnx), Deployment("native", native, onnx))
    assert outcome.complete, outcome
    return host


@pytest.fixture
def client(door: RunningHost) -> Any:
    with triton.InferenceServerClient(door.address) as connected:
        yield connected


def _input(rows: Any, *, binary: bool = True) -> Any:
    tensor = triton.InferInput("input", list(rows.shape), "FP64")
    tensor.set_data_from_numpy(rows, binary_data=binary)
    return tensor


def test_an_independent_client_sees_a_live_server_and_its_models(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("cancer")
    assert client.is_model_ready("native", "1")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    metadata = client.get_model_metadata("native")
    assert metadata["versions"] == ["1", "2"]
    assert metadata["inputs"] == [{"name": "input", "datatype": "FP64", "shape": [-1, 30]}]
    assert [output["name"] for output in metadata["outputs"]] == ["label", "probabilities"]


@pytest.mark.parametrize("endpoint", ["cancer", "native"])
@pytest.mark.parametrize("binary", [True, False])
def test_its_predictions_equal_the_offline_ones(client: Any, endpoint: str, binary: bool) -> None:
    model = scaled_regression()
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("probabilities", "label")]
    answer = client.infer(endpoint, [_input(ROWS, binary=binary)], outputs=wanted, request_id="r-1")
    assert np.array_equal(answer.as_numpy("label"), model.predict(ROWS))
    assert np.abs(answer.as_numpy("probabilities") - model.predict_proba(ROWS)).max() < 1e-9
    assert [output["name"] for output in answer.get_response()["outputs"]] == ["probabilities", "label"]
    assert answer.get_response()["id"] == "r-1"


@pytest.mark.parametrize("native", [True, False])
def test_the_served_file_answers_offline_as_it_does_online(
    door: RunningHost, client: Any, folder: Path, native: bool
) -> None:
    spec = spec_of(scaled_regression(), ROWS, folder, native=native)
    offline = offline_predict(spec, ROWS[:50])
    online = client.infer("native" if native else "cancer", [_input(ROWS[:50])])
    for name in ("label", "probabilities"):
        assert np.array_equal(offline[name], online.as_numpy(name))


def test_compressed_requests_are_taken(client: Any) -> None:
    for way in ("gzip", "deflate"):
        answer = client.infer("cancer", [_input(ROWS[:3])], request_compression_algorithm=way)
        assert len(answer.as_numpy("label")) == 3


def test_a_version_is_served_by_name_and_the_active_one_without(door: RunningHost) -> None:
    message = matrix(ROWS[:1])
    assert door.infer("native", message).json["model_version"] == "2"
    assert door.infer("native/versions/1", message).json["model_version"] == "1"
    unknown = door.infer("native/versions/9", message)
    assert (unknown.status, unknown.json["code"]) == (404, "serving.unknown_version")


def test_the_client_gets_the_reason_of_a_refusal(client: Any) -> None:
    with pytest.raises(triton.InferenceServerException, match=r"shape \[1, 3\], expected \[-1, 30\]"):
        client.infer("cancer", [_input(np.zeros((1, 3)))])


WRONG: dict[str, tuple[Any, int, str]] = {
    "no JSON": (b"{", 400, "serving.request_malformed"),
    "invalid UTF-8": (b'{"id": "\xff", "inputs": []}', 400, "serving.request_malformed"),
    "another protocol": (b'{"instances": [[1]]}', 400, "serving.request_malformed"),
    "nothing": (b"", 400, "serving.request_malformed"),
    "too deep": (b'{"inputs": ' + b"[" * 100_000, 400, "serving.request_malformed"),
    "no inputs": ({"inputs": []}, 400, "serving.request_tensor"),
    "unknown datatype": (matrix(ROWS[:1], datatype="FLOAT"), 400, "serving.request_tensor"),
    "other datatype": (matrix(ROWS[:1], datatype="FP32"), 400, "serving.request_tensor"),
    "other name": (matrix(ROWS[:1], name="x"), 400, "serving.request_tensor"),
    "no rows": (matrix(ROWS[:0]), 400, "serving.request_tensor"),
    "NaN, which JSON has not": (matrix(ROWS[:1] * np.nan), 400, "serving.request_malformed"),
    "null": (json.dumps(matrix(ROWS[:1] * np.nan)).replace("NaN", "null"), 400, "serving.request_tensor"),
    "classification": (
        matrix(ROWS[:1]) | {"parameters": {"classification": 3}},
        400,
        "serving.request_parameter",
    ),
    "unknown output": (matrix(ROWS[:1]) | {"outputs": [{"name": "x"}]}, 400, "serving.request_output"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_is_told_code_and_fix(door: RunningHost, case: str) -> None:
    body, status, code = WRONG[case]
    raw = body if isinstance(body, bytes | str) else json.dumps(body)
    answer = door.send("POST", "/v2/models/cancer/infer", raw if isinstance(raw, bytes) else raw.encode())
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.json["fix"] in answer.json["error"]


def test_a_body_beyond_the_limit_is_refused_with_the_reason(door: RunningHost) -> None:
    answer = door.send("POST", "/v2/models/cancer/infer", b"[" * (50 << 20))
    assert (answer.status, answer.json["code"]) == (413, "serving.request_too_large")


def test_a_small_body_that_inflates_beyond_the_limit_is_refused(door: RunningHost) -> None:
    bomb = zlib.compress(b"[" * (64 << 20))
    answer = door.send("POST", "/v2/models/cancer/infer", bomb, {"Content-Encoding": "deflate"})
    assert (answer.status, answer.json["code"]) == (413, "serving.request_too_large")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Encoding": "br"}, 415, "serving.request_encoding"),
        ({"Content-Encoding": "gzip"}, 415, "serving.request_encoding"),
        ({"Inference-Header-Content-Length": "ten"}, 400, "serving.request_malformed"),
        ({"Inference-Header-Content-Length": "99999"}, 400, "serving.request_malformed"),
        ({"Inference-Header-Content-Length": "4"}, 400, "serving.request_malformed"),
    ],
)
def test_wrong_headers_are_told(door: RunningHost, headers: dict[str, str], status: int, code: str) -> None:
    body = json.dumps(matrix(ROWS[:1])).encode()
    answer = door.send("POST", "/v2/models/cancer/infer", body, headers)
    assert (answer.status, answer.json["code"]) == (status, code)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v2/models", 404),
        ("GET", "/v2/models/cancer/versions", 404),
        ("GET", "/v2/models/../../etc/passwd", 404),
        ("GET", "/v2/models/nobody", 404),
        ("GET", "/v2/models/cancer/infer", 405),
        ("POST", "/v2/models/cancer", 405),
        ("DELETE", "/v2/health/live", 405),
        ("POST", "/v2/models/nobody/infer", 404),
        ("POST", "/v2/models/cancer/versions//infer", 404),
    ],
)
def test_wrong_paths_and_methods_are_told(door: RunningHost, method: str, path: str, status: int) -> None:
    answer = door.send(method, path)
    assert answer.status == status
    assert answer.json["fix"]


def test_every_answer_carries_a_request_id_and_every_prediction_is_recorded(door: RunningHost) -> None:
    mark, _ = door.predictions()
    caller = {"X-Tenuto-Workspace": "w", "X-Tenuto-Actor": "ann", "X-Tenuto-Key": "k"}
    answer = door.infer("cancer", matrix(ROWS[:4]), **{"X-Request-Id": "given-by-the-gateway"} | caller)
    assert answer.headers["x-request-id"] == "given-by-the-gateway"
    assert door.get("/v2").headers["x-request-id"]
    assert door.infer("cancer", {}).status == 400
    mark, records = door.predictions(mark)
    good, bad = records
    assert (good.request_id, good.endpoint, good.version) == ("given-by-the-gateway", "cancer", "1")
    assert (good.rows, good.status, good.code) == (4, 200, "")
    assert (good.workspace, good.actor, good.key) == ("w", "ann", "k")
    assert (bad.workspace, bad.actor, bad.key) == ("", "", ""), "nobody said who asked"
    assert (bad.rows, bad.status, bad.code) == (0, 400, "serving.request_malformed")
    assert door.predictions(mark) == (mark, [])


def test_a_client_that_hangs_up_in_its_body_harms_nobody(door: RunningHost) -> None:
    mark, _ = door.predictions()
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", door.port)) as connection:
            connection.sendall(
                b"POST /v2/models/cancer/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"
            )
    wait_for(lambda: len(door.predictions(mark)[1]) == 3)
    assert {record.code for record in door.predictions(mark)[1]} == {"serving.request_cut"}
    assert door.infer("cancer", matrix(ROWS[:1])).status == 200


def test_nothing_of_all_this_surprised_the_server(door: RunningHost) -> None:
    assert "Traceback" not in (door.folder / "log").read_text()
