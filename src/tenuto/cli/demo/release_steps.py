"""Step 3: the author is refused, somebody else approves, the version goes into traffic and back."""

from __future__ import annotations

import time
from typing import Any

from tenuto.cli.demo.door import Refused
from tenuto.cli.demo.run_steps import MODEL, follow, require_succeeded, submit
from tenuto.cli.demo.stage import WORKSPACE, Stage
from tenuto.cli.demo.words import DemoFailedError, require, require_equal

ENDPOINT = "breast-cancer"
_ROWS = 20
_DEPLOY_SECONDS = 30.0


def approve(stage: Stage) -> tuple[str, dict[str, Any]]:
    """The author may not approve; the approver may, and only what she saw."""
    version = stage.kept["first"]
    digest = waiting_digest(stage, version)
    decision = {"version": version["version"], "digest": digest, "comment": "looks sound"}
    reason = _refused(stage, decision)
    approved = stage.approver.post(f"/api/v1/models/{MODEL}/approve", decision)
    require_equal(approved["stage"], "approved", "stage after approval")
    decided = stage.owner.get("/api/v1/approvals?state=approved")["items"]
    [approval] = [one for one in decided if one["subject_digest"] == digest]
    require(approval["decided_by"] not in approval["authors"], "who decided is not an author")
    return approval["id"], {"refused": reason, "digest": digest}


def deploy(stage: Stage) -> tuple[str, dict[str, Any]]:
    """Deploy the approved version; its predictions equal the offline ones."""
    version = stage.kept["first"]
    declare(stage, version["version"])
    served = _predict_until(stage, str(version["version"]))
    offline = _offline(stage, version)
    require(served == offline, "the served predictions are not the offline ones")
    endpoint = stage.owner.get(f"/api/v1/resources/Endpoint/{ENDPOINT}")
    stage.kept["first_answers"] = served
    return endpoint["id"], {"rows": _ROWS, "format": version["format"]}


def roll_back(stage: Stage) -> tuple[str, dict[str, Any]]:
    """Deploy a second version, then go back in one step."""
    run = follow(stage, submit(stage, depth=2))
    require_succeeded(run)
    version = stage.approver.get(f"/api/v1/models/{MODEL}")
    require_equal(version["version"], stage.kept["first"]["version"] + 1, "number of the second version")
    decision = {"version": version["version"], "digest": waiting_digest(stage, version)}
    stage.approver.post(f"/api/v1/models/{MODEL}/approve", decision)
    declare(stage, version["version"])
    _predict_until(stage, str(version["version"]))
    stage.approver.post(f"/api/v1/resources/Endpoint/{ENDPOINT}/rollback", {})
    back = _predict_until(stage, str(stage.kept["first"]["version"]))
    require(back == stage.kept["first_answers"], "after the rollback the first version's answers are back")
    history = stage.owner.get(f"/api/v1/resources/Endpoint/{ENDPOINT}/history")["items"]
    return history[0]["id"], {"versions": [one["spec"]["version"] for one in reversed(history)]}


def declare(stage: Stage, version: int) -> None:
    spec = {"model": MODEL, "version": version}
    document = {"kind": "Endpoint", "name": ENDPOINT, "workspace": WORKSPACE, "spec": spec}
    stage.approver.post("/api/v1/apply", {"documents": [document]})


def waiting_digest(stage: Stage, version: dict[str, Any]) -> str:
    waiting = stage.approver.get("/api/v1/approvals")["items"]
    [found] = [one for one in waiting if one["subject_id"] == version["id"]]
    return str(found["subject_digest"])


def _refused(stage: Stage, decision: dict[str, Any]) -> str:
    """Return why the author is refused. The owner-made role below lets him ask at all."""
    try:
        stage.scientist.post(f"/api/v1/models/{MODEL}/approve", decision)
    except Refused as refusal:
        require_equal(refusal.status, 403, "status of the author's attempt")
        return str(refusal.error["detail"])
    raise DemoFailedError("the author approved his own version")


def _rows() -> Any:
    import numpy as np
    from sklearn.datasets import load_breast_cancer

    return np.ascontiguousarray(load_breast_cancer().data[:_ROWS])


def _predict_until(stage: Stage, version: str) -> list[int]:
    """Ask through the Open Inference Protocol until ``version`` answers; return its labels."""
    import tritonclient.http as triton

    client = triton.InferenceServerClient(stage.address.removeprefix("http://"))
    headers = {"Authorization": f"Bearer {stage.kept['gateway_key']}"}
    deadline = time.monotonic() + _DEPLOY_SECONDS
    last = "nothing answered"
    while time.monotonic() < deadline:
        try:
            answer = client.infer(ENDPOINT, _tensors(client, headers), headers=headers)
        except triton.InferenceServerException as error:
            last = str(error)
        else:
            told = answer.get_response()
            last = f"version {told.get('model_version')} answered"
            if told.get("model_version") == version:
                return [int(one) for one in answer.as_numpy(told["outputs"][0]["name"]).ravel()]
        time.sleep(0.1)
    raise DemoFailedError(f"version {version} of `{ENDPOINT}` does not answer: {last}")


def _tensors(client: Any, headers: dict[str, str]) -> list[Any]:
    import numpy as np
    import tritonclient.http as triton
    from tritonclient.utils import triton_to_np_dtype

    described = client.get_model_metadata(ENDPOINT, headers=headers)
    rows, tensors = _rows(), []
    for place, one in enumerate(described["inputs"]):
        whole = len(described["inputs"]) == 1
        values = rows if whole else rows[:, place]
        shaped = np.ascontiguousarray(values, dtype=triton_to_np_dtype(one["datatype"]))
        tensor = triton.InferInput(one["name"], list(shaped.shape), one["datatype"])
        tensor.set_data_from_numpy(shaped)
        tensors.append(tensor)
    return tensors


def _offline(stage: Stage, version: dict[str, Any]) -> list[int]:
    """Predict with the registered bytes in this process, with nothing of the platform's between."""
    import numpy as np
    import onnxruntime as rt

    content = stage.approver.send("GET", f"/api/v1/artifacts/{version['digest']}/content", None, "")
    require_equal(version["format"], "onnx", "format of the registered version")
    session = rt.InferenceSession(content, providers=["CPUExecutionProvider"])
    rows, feed = _rows(), {}
    inputs = session.get_inputs()
    for place, one in enumerate(inputs):
        values = rows if len(inputs) == 1 else rows[:, place]
        kind = np.float32 if "float)" in one.type else np.float64 if "double" in one.type else np.int64
        feed[one.name] = np.ascontiguousarray(values, dtype=kind)
    return [int(one) for one in np.asarray(session.run(None, feed)[0]).ravel()]
