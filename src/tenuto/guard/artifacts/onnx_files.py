"""ONNX models hold no code, but they can name files beside them and operators of native libraries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tenuto.guard.artifacts.findings import RefusedError
from tenuto.guard.artifacts.report import ScanReport
from tenuto.guard.artifacts.wire import fields

# onnx.proto: which fields of a message hold which messages.
_MESSAGES: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 9: "opset", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
    "opset": {},
}
_IR_VERSION, _GRAPH = 1, 7
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_OPSET_DOMAIN = 1
_NODE_DOMAIN = 7
_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview.training", "com.microsoft"})
_DEEPEST = 50


def scan_onnx(content: memoryview, report: ScanReport) -> None:
    numbers = {number for number, _ in fields(content, "model")}
    if not {_IR_VERSION, _GRAPH} <= numbers:
        raise RefusedError("onnx.malformed", "model", "no ONNX model: version and graph are missing")
    functions = set(_function_domains(content))
    for kind, place, message in _walk(content):
        if kind == "tensor":
            _check_tensor(message, place, report)
        elif kind in {"node", "opset"}:
            _check_domain(
                message, place, _NODE_DOMAIN if kind == "node" else _OPSET_DOMAIN, functions, report
            )


def _walk(content: memoryview) -> Iterator[tuple[str, str, memoryview]]:
    waiting = [("model", "model", content)]
    while waiting:
        kind, place, message = waiting.pop()
        yield kind, place, message
        if place.count("/") > _DEEPEST:
            raise RefusedError("onnx.malformed", "model", f"graphs nested more than {_DEEPEST} deep")
        inner = _MESSAGES[kind]
        for number, value in fields(message, place):
            if number in inner:
                if not isinstance(value, memoryview):
                    raise RefusedError("onnx.malformed", place, "a number where a message belongs")
                waiting.append((inner[number], f"{place}/{inner[number]}", value))


def _function_domains(content: memoryview) -> Iterator[str]:
    """Yield the domains of functions the model itself defines: those need no library."""
    for number, value in fields(content, "model"):
        if number == 25 and isinstance(value, memoryview):
            yield from (_text(inner) for field, inner in fields(value, "model/function") if field == 10)


def _check_tensor(message: memoryview, place: str, report: ScanReport) -> None:
    for number, value in fields(message, place):
        if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0):
            report.find("onnx.external_data", place, "weights in another file; save the model as one file")
            return


def _check_domain(
    message: memoryview, place: str, field: int, functions: set[str], report: ScanReport
) -> None:
    for number, value in fields(message, place):
        if number == field and _text(value) not in _DOMAINS | functions:
            report.find("onnx.operator", place, f"operators of {_text(value)!r} need a native library")


def _text(value: int | memoryview) -> str:
    return bytes(value).decode(errors="replace")[:200] if isinstance(value, memoryview) else str(value)
