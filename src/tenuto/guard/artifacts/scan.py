"""The verdict on a model file from a stranger.

    verdict = scan_model_file(Path("model.pkl"), DeclaredFormat.SKLEARN)

A pickle is accepted when picklescan finds nothing and every name in it stands, in the role it is used in, on the
exact list of its framework. Whatever is not understood is refused. To bound memory and time, run it in a process
of its own: ``python -m tenuto.guard.artifacts.scan FILE --format sklearn`` prints the verdict as JSON and exits
with 0 when the file is accepted, 1 when it is refused, 2 when it could not be scanned.
"""

from __future__ import annotations

import argparse
import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from tenuto.core.digests import digest_of_chunks
from tenuto.core.errors import TenutoError
from tenuto.core.words import Effect
from tenuto.guard.artifacts.allowlist import NOTHING, AllowList, allow_list
from tenuto.guard.artifacts.contents import ContentScan
from tenuto.guard.artifacts.deny_scan import deny_scan, load_scanner
from tenuto.guard.artifacts.findings import RefusedError
from tenuto.guard.artifacts.reading import chunks_of
from tenuto.guard.artifacts.report import ScanReport
from tenuto.guard.artifacts.words import DEFAULT_LIMITS, DeclaredFormat, Limits, ScanVerdict
from tenuto.guard.errors import FILE_UNREADABLE, FORMAT_UNKNOWN

ACCEPTED = "artifact.accepted"

_FRAMEWORKS: Mapping[DeclaredFormat, str] = {
    DeclaredFormat.SKLEARN: "sklearn",
    DeclaredFormat.SKOPS: "sklearn",
    DeclaredFormat.NUMPY: "numpy",
}


def scan_model_file(
    source: Path | BinaryIO, declared: DeclaredFormat, limits: Limits = DEFAULT_LIMITS
) -> ScanVerdict:
    """Return the verdict on a file, or on a stream that can be rewound.

    Raises ``FILE_UNREADABLE`` when there is no regular file to read, ``SCANNER_MISSING`` when a pickle is to be
    judged and the extra that brings picklescan is not installed. Everything else is a verdict.
    """
    with _opened(source) as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        digest = digest_of_chunks(chunks_of(stream))
        stream.seek(0)
        framework = _FRAMEWORKS.get(declared)
        allowed = allow_list(framework) if framework else NOTHING
        report = ScanReport(limits)
        content = ContentScan(declared, allowed, report)
        _scan(content, stream, size, report)
    return _verdict(content, allowed, report, digest, size)


def _scan(content: ContentScan, stream: BinaryIO, size: int, report: ScanReport) -> None:
    try:
        content.run(stream, size)
        if report.pickles:
            deny_scan(load_scanner(), report, "file")
    except RefusedError as refusal:
        report.findings.append(refusal.finding)


def _verdict(
    content: ContentScan, allowed: AllowList, report: ScanReport, digest: str, size: int
) -> ScanVerdict:
    findings = tuple(report.findings)
    first = findings[0] if findings else None
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return ScanVerdict(
        effect=Effect.DENY if first else Effect.ALLOW,
        reason=f"{first.where}: {first.what}{more}" if first else "nothing in the file can run code",
        rule=first.rule if first else ACCEPTED,
        policy_version=allowed.version,
        format=content.format,
        digest=digest,
        size=size,
        findings=findings,
        names=tuple(sorted(f"{module}:{name}" for module, name in report.names)),
    )


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    if not isinstance(source, Path):
        yield source
        return
    try:
        # Not following a link, and not waiting for the other end of a pipe.
        handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise TenutoError(FILE_UNREADABLE, f"{source.name}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise TenutoError(FILE_UNREADABLE, f"{source.name} is not a regular file")
    with os.fdopen(handle, "rb") as stream:
        yield stream


def declared_format(name: str) -> DeclaredFormat:
    """Read a format's name. Raises ``FORMAT_UNKNOWN``."""
    try:
        return DeclaredFormat(name)
    except ValueError as error:
        known = ", ".join(one.value for one in DeclaredFormat)
        raise TenutoError(FORMAT_UNKNOWN, f"{name!r}; accepted: {known}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tenuto.guard.artifacts.scan")
    parser.add_argument("file", type=Path)
    parser.add_argument("--format", required=True, help="sklearn, skops, onnx, safetensors, numpy, json, csv")
    options = parser.parse_args(arguments)
    try:
        verdict = scan_model_file(options.file, declared_format(options.format))
    except TenutoError as error:
        sys.stdout.buffer.write(msgspec.json.encode({"error": error.as_json()}) + b"\n")
        return 2
    sys.stdout.buffer.write(msgspec.json.encode(verdict) + b"\n")
    return 0 if verdict.allowed else 1


if __name__ == "__main__":
    sys.exit(main())
