"""Tell what a file is and hand it to the walk for that."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from tenuto.guard.artifacts.allowlist import AllowList
from tenuto.guard.artifacts.archives import Archive, open_archive
from tenuto.guard.artifacts.decompression import compression_of, unpacked
from tenuto.guard.artifacts.detection import HEAD_LENGTH, archive_format, foreign_kind, format_of
from tenuto.guard.artifacts.findings import RefusedError
from tenuto.guard.artifacts.machine import PickleWalk
from tenuto.guard.artifacts.npy import scan_npy
from tenuto.guard.artifacts.onnx_files import scan_onnx
from tenuto.guard.artifacts.reading import ByteReader, chunks_of
from tenuto.guard.artifacts.report import ScanReport
from tenuto.guard.artifacts.safetensors_files import scan_safetensors
from tenuto.guard.artifacts.skops_files import scan_skops
from tenuto.guard.artifacts.text_files import scan_csv, scan_json
from tenuto.guard.artifacts.words import DeclaredFormat, FileFormat

_FITS: Mapping[DeclaredFormat, frozenset[FileFormat]] = {
    DeclaredFormat.SKLEARN: frozenset({FileFormat.PICKLE, FileFormat.JOBLIB}),
    DeclaredFormat.SKOPS: frozenset({FileFormat.SKOPS}),
    DeclaredFormat.ONNX: frozenset({FileFormat.ONNX}),
    DeclaredFormat.SAFETENSORS: frozenset({FileFormat.SAFETENSORS}),
    DeclaredFormat.NUMPY: frozenset({FileFormat.NPY, FileFormat.NPZ}),
    DeclaredFormat.JSON: frozenset({FileFormat.JSON}),
    DeclaredFormat.CSV: frozenset({FileFormat.CSV}),
}
_FILE = "file"


class ContentScan:
    """One file's content. ``format`` is known as far as the scan has come, also when it is refused."""

    def __init__(self, declared: DeclaredFormat, allowed: AllowList, report: ScanReport) -> None:
        self.format = FileFormat.UNKNOWN
        self._declared = declared
        self._allowed = allowed
        self._report = report

    def run(self, stream: BinaryIO, size: int) -> None:
        limits = self._report.limits
        if size == 0:
            raise RefusedError("file.truncated", _FILE, "the file is empty")
        if size > limits.file_bytes:
            raise RefusedError("file.too_large", _FILE, f"{size} bytes; {limits.file_bytes} at most")
        head = stream.read(HEAD_LENGTH)
        stream.seek(0)
        self.format = format_of(head, self._declared)
        archive = None
        if self.format is FileFormat.NPZ:  # so far only known to be some archive
            self.format = FileFormat.UNKNOWN
            archive = open_archive(stream, size, limits)
            self.format = archive_format(archive.names)
        if self.format not in _FITS[self._declared]:
            self._refuse_format(head)
        if archive is None:
            self._scan_file(stream, size, head)
        else:
            self._scan_archive(archive)

    def _refuse_format(self, head: bytes) -> None:
        kind = self.format.value if self.format is not FileFormat.UNKNOWN else foreign_kind(head)
        raise RefusedError(
            "file.format", _FILE, f"declared as {self._declared.value}, but it is {kind or 'something else'}"
        )

    def _scan_archive(self, archive: Archive) -> None:
        if self.format is FileFormat.SKOPS:
            scan_skops(archive, self._allowed, self._report)
            return
        for name in archive.names:
            scan_npy(archive.reader(name), self._allowed, self._report)

    def _scan_file(self, stream: BinaryIO, size: int, head: bytes) -> None:
        limits = self._report.limits
        match self.format:
            case FileFormat.PICKLE:
                self._walk(self._reader(chunks_of(stream)))
            case FileFormat.JOBLIB:
                self._walk(self._reader(unpacked(stream, compression_of(head), _FILE, limits.unpacked_bytes)))
            case FileFormat.NPY:
                scan_npy(self._reader(chunks_of(stream)), self._allowed, self._report)
            case FileFormat.ONNX:
                self._scan_onnx(stream)
            case FileFormat.SAFETENSORS:
                scan_safetensors(stream, size, limits.document_bytes)
            case FileFormat.JSON:
                scan_json(stream, size, limits.document_bytes)
            case FileFormat.CSV:
                scan_csv(stream)
            case _:  # no other format fits any declaration
                self._refuse_format(head)

    def _reader(self, chunks: Iterator[bytes]) -> ByteReader:
        return ByteReader(chunks, _FILE, self._report.limits.line_bytes)

    def _walk(self, reader: ByteReader) -> None:
        """Walk exactly one pickle. Readers would leave anything behind it alone, and so hide it."""
        PickleWalk(reader, self._allowed, self._report, joblib=True).run()
        if self._report.holds_arrays:
            self.format = FileFormat.JOBLIB
        if not reader.at_end():
            raise RefusedError("file.trailing_data", reader.where(), "there is more behind the pickle")

    def _scan_onnx(self, stream: BinaryIO) -> None:
        try:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError:  # a stream in memory
            scan_onnx(memoryview(stream.read()), self._report)
            return
        with mapped, memoryview(mapped) as content:
            scan_onnx(content, self._report)
