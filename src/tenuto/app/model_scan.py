"""Have a model file looked at before it is registered, so that nobody opens one that could run code.

The scan runs in a process of its own, bounded in memory and time: the file comes from code that nobody vouched
for, and the scanner only reads it.
"""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.guard.artifacts.words import DeclaredFormat, ScanVerdict
from tenuto.guard.errors import FORMAT_UNKNOWN, SCAN_FAILED
from tenuto.serving.words import ModelFormat
from tenuto.store.blobs import Blobs

_SECONDS = 120
_MEMORY = 4 << 30  # bytes of address space
_DECIDED = {0, 1}  # exit codes that come with a verdict

_DECLARED = {
    ModelFormat.ONNX: DeclaredFormat.ONNX,
    ModelFormat.SKOPS: DeclaredFormat.SKOPS,
    ModelFormat.PICKLE: DeclaredFormat.SKLEARN,
}


class ModelScanner:
    """Scans stored model files. ``folder`` is for the copies that are looked at."""

    def __init__(self, blobs: Blobs, folder: Path) -> None:
        self._blobs = blobs
        self._folder = folder

    def scan(self, digest: str, form: str) -> ScanVerdict:
        """Return the verdict on the stored file, declared to be a model of the format ``form``."""
        declared = _DECLARED[_format(form)]
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="scan-", dir=self._folder) as own:
            return _scanned(self._blobs.fetch(digest, Path(own) / "model"), declared)


def _format(form: str) -> ModelFormat:
    try:
        return ModelFormat(form)
    except ValueError:
        known = ", ".join(one.value for one in ModelFormat)
        raise TenutoError(FORMAT_UNKNOWN, f"{form!r}; accepted: {known}") from None


def _scanned(path: Path, declared: DeclaredFormat) -> ScanVerdict:
    command = [sys.executable, "-m", "tenuto.guard.artifacts.scan", str(path), f"--format={declared.value}"]
    # No environment: the scanner needs none, and the file could be made to look for one.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={}) as process:  # noqa: S603 (our own module, no shell)
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            resource.prlimit(process.pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        try:
            said, complaints = process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise TenutoError(SCAN_FAILED, f"not done within {_SECONDS} s") from None
    if process.returncode in _DECIDED:
        return msgspec.json.decode(said, type=ScanVerdict)
    raise TenutoError(SCAN_FAILED, _why(said, complaints.decode(errors="replace"), process.returncode))


def _why(said: bytes, complaints: str, code: int) -> str:
    """Return the scanner's own error, or the last line that it wrote before it ended."""
    try:
        error: dict[str, Any] = msgspec.json.decode(said)["error"]
    except (msgspec.DecodeError, TypeError, KeyError):
        return (complaints.strip().splitlines() or [f"it ended with {code}"])[-1]
    return f"{error['summary']}: {error['detail']}. {error['fix']}"
