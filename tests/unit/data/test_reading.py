from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tenuto.core.digests import digest_of
from tenuto.core.errors import TenutoError
from tenuto.data.reading import read_source
from tenuto.data.words import ColumnType, SourceSpec, TableRead

Read = Callable[..., TableRead]


@pytest.mark.capability("D1")
def test_files_are_read_in_the_order_of_their_names(read: Read) -> None:
    found = read(b"a,b\n1,x\n2,y\n", b"a,b\n3,z\n")
    assert found.table.to_pydict() == {"a": [1, 2, 3], "b": ["x", "y", "z"]}
    assert [(one.name, one.rows, one.size) for one in found.files] == [
        ("part1.csv", 2, 12),
        ("part2.csv", 1, 8),
    ]
    assert found.files[0].digest == digest_of(b"a,b\n1,x\n2,y\n")


def test_declared_types_are_kept_and_others_are_seen_from_all_values(read: Read) -> None:
    columns = {
        "n": ColumnType.NUMBER,
        "t": ColumnType.TEXT,
        "at": ColumnType.TIMESTAMP,
        "yes": ColumnType.BOOLEAN,
    }
    found = read(b"n,t,at,yes,other\n1,007,2026-01-02T03:04:05Z,true,5\n,,,,\n", columns=columns)
    assert [str(field.type) for field in found.table.schema] == [
        "double",
        "string",
        "timestamp[us, tz=UTC]",
        "bool",
        "int64",
    ]
    assert found.table["t"].to_pylist() == ["007", None]


@pytest.mark.capability("D4")
@pytest.mark.parametrize(
    ("content", "columns", "said"),
    [
        (b"a,b\n1,2\n3,x\n", {"b": "integer"}, "part1.csv, row 3, column `b`: CSV conversion error to int64"),
        (b"a,b\n1,2\nx,3\n", {"a": "number"}, "part1.csv, row 3, column `a`"),
        (b"a\n" + b"1\n" * 5_000 + b"x\n", {"a": "integer"}, "part1.csv, row 5002, column `a`"),
        (b"a\n" + b"9" * 30 + b"\n", {"a": "integer"}, "part1.csv, row 2, column `a`"),
        (b"a,b\n1,2\n3\n", {}, "part1.csv, row 3: Expected 2 columns, got 1"),
        (b"a,b\n1,x\n3,\xff\xfe\n", {}, "part1.csv, row 3, column `b`: not valid UTF-8"),
        (b"a,b\n1,x\n3,\xff\xfe\n", {"b": "text"}, "part1.csv, row 3, column `b`: CSV conversion error"),
        (b"a,\xff\n1,x\n", {}, "part1.csv, row 1: a column's name is not valid UTF-8"),
        (b"a,a\n1,2\n", {}, "part1.csv, row 1: columns are named twice: a"),
        (b"a\0b\n1\n", {}, "part1.csv, row 1: a column's name holds a NUL character"),
        (b"", {}, "part1.csv: Empty CSV file"),
        (b"a\n1\n", {"z": "text"}, "part1.csv: declared columns are missing: z"),
        (b"\xef\xbb\xbfa\nx\n", {"a": "integer"}, "part1.csv, row 2, column `a`"),
        (b"a,b\n1,2,3\n", {}, "part1.csv, row 2: Expected 2 columns, got 3"),
        (b"a,,\n1,2,3\n", {}, "part1.csv, row 1: columns have no name: 2, 3"),
        (b"\n\n", {}, "part1.csv: CSV parse error: Empty CSV file"),
        (b"a\n4\x00\n", {"a": "integer"}, "part1.csv, row 2, column `a`: CSV conversion error to int64"),
        ("a,b\n1,2\n".encode("utf-16"), {}, "part1.csv: is in UTF-16; UTF-8 is read"),
        (b'a,b\n1,"x\n2,y\n3,z\n', {}, "part1.csv, row 2: a quoted value is not closed"),
        (b'a,b\n1,x\n2,"y', {}, "part1.csv, row 3: a quoted value is not closed"),
        (b'a,b\n1,"x\n2,"y"\n3,z\n', {}, "part1.csv, row 2: a quoted value is not closed"),
        (b'\xef\xbb\xbf"a,"",b"\n\n1\n"x', {}, "part1.csv, row 3: a quoted value is not closed"),
        (b'a,"b\n1,2\n', {}, "part1.csv, row 1: a quoted value is not closed"),
        (b"a\n" + b"x" * (20 << 20) + b"\n", {}, "part1.csv: a row is longer than 8388608 bytes"),
    ],
)
def test_a_wrong_value_is_told_by_file_row_and_column(
    read: Read, content: bytes, columns: dict[str, str], said: str
) -> None:
    with pytest.raises(TenutoError) as caught:
        read(content, columns={name: ColumnType(kind) for name, kind in columns.items()})
    assert caught.value.fault.code == "data.content_invalid"
    assert caught.value.detail.startswith(said), caught.value.detail


@pytest.mark.capability("D4")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id;amount\n1;2\n", "part1.csv, row 1: one column whose name holds semicolons; commas are read"),
        (b'\xef\xbb\xbf\n"id";"amount"\n1;2\n', "part1.csv, row 1: one column whose name holds semicolons"),
        (b"id\tamount\r\n1\t2\r\n", "part1.csv, row 1: one column whose name holds tabs"),
        (b"id;amount\n1;2,5\n", "part1.csv, row 1: one column whose name holds semicolons"),
        (b"id;a,b\n1;2,5\n3;4,5,6\n", "part1.csv, row 3: Expected 2 columns, got 3: 3;4,5,6; the header"),
    ],
)
def test_other_separators_are_refused_and_not_read_as_one_column(
    read: Read, content: bytes, said: str
) -> None:
    with pytest.raises(TenutoError) as caught:
        read(content)
    assert caught.value.fault.code == "data.separator_unknown"
    assert caught.value.detail.startswith(said), caught.value.detail
    assert "semicolons" in caught.value.detail or "tabs" in caught.value.detail


@pytest.mark.parametrize("content", [b'"id;amount"\nx;y\n', b"id\nx;y\n", b"a;b,c\n1,2\n"])
def test_semicolons_are_read_where_they_separate_nothing(read: Read, content: bytes) -> None:
    assert read(content).table.num_rows == 1


@pytest.mark.capability("D1")
def test_zeros_in_front_are_kept_in_every_file(read: Read) -> None:
    found = read(b"zip,n,f\n75001,0,0.5\n13001,10,2\n", b'zip,n,f\n"00123",7,1e3\n,,\n')
    assert [str(field.type) for field in found.table.schema] == ["string", "int64", "double"]
    assert found.table["zip"].to_pylist() == ["75001", "13001", "00123", None]


def test_zeros_in_front_are_dropped_where_a_number_is_declared(read: Read) -> None:
    found = read(b"zip,at\n00123,01:30\n", columns={"zip": ColumnType.INTEGER})
    assert found.table["zip"].to_pylist() == [123]


def test_a_strict_source_takes_no_column_that_is_not_declared(read: Read) -> None:
    with pytest.raises(TenutoError, match="columns are not declared: b"):
        read(b"a,b\n1,2\n", columns={"a": ColumnType.INTEGER}, strict=True)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (b"a,c\n1,2\n", r"part2.csv: missing \['b'\], unexpected \['c'\]"),
        (b"b,a\n1,2\n", "the columns stand in another order"),
        (b"a,b\nx,y\n", "part1.csv, part2.csv: "),
    ],
)
def test_files_of_one_source_have_the_same_columns(read: Read, second: bytes, said: str) -> None:
    with pytest.raises(TenutoError, match=said) as caught:
        read(b"a,b\n1,2\n", second)
    assert caught.value.fault.code == "data.columns_differ"


def _link_out(root: Path, outside: Path) -> SourceSpec:
    (root / "link.csv").symlink_to(outside / "secret.csv")
    return SourceSpec(str(root))


def _link_folder(root: Path, outside: Path) -> SourceSpec:
    (root / "folder").symlink_to(outside)
    return SourceSpec(str(root / "folder"))


PLACES: dict[str, Callable[[Path, Path], SourceSpec]] = {
    "a file elsewhere": lambda _root, outside: SourceSpec(str(outside / "secret.csv")),
    "a folder elsewhere": lambda _root, outside: SourceSpec(str(outside)),
    "an empty folder elsewhere": lambda _root, outside: SourceSpec(str(outside / "empty")),
    "nothing elsewhere": lambda _root, outside: SourceSpec(str(outside / "nothing")),
    "up and out": lambda root, outside: SourceSpec(f"{root}/../{outside.name}/secret.csv"),
    "a link to a file": _link_out,
    "a link to a folder": _link_folder,
    "a neighbour of the same beginning": lambda root, _outside: SourceSpec(f"{root}-more/a.csv"),
}


@pytest.mark.capability("D3")
@pytest.mark.parametrize("name", sorted(PLACES))
def test_nothing_is_read_or_told_of_what_lies_elsewhere(name: str, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "empty").mkdir(parents=True)
    (outside / "secret.csv").write_text("a\n1\n")
    with pytest.raises(TenutoError) as caught:
        read_source(PLACES[name](root, outside), [root])
    assert caught.value.fault.code == "data.source_outside"


def test_links_within_the_allowed_folders_are_followed(root: Path) -> None:
    (root / "real").mkdir()
    (root / "real" / "a.csv").write_text("a\n1\n")
    (root / "link").symlink_to(root / "real")
    assert read_source(SourceSpec(str(root / "link")), [root]).table.num_rows == 1


def test_a_source_without_files_is_said_to_be_empty(root: Path) -> None:
    for path in (root, root / "nothing.csv"):
        with pytest.raises(TenutoError) as caught:
            read_source(SourceSpec(str(path)), [root])
        assert caught.value.fault.code == "data.source_empty"


def test_more_than_may_be_held_in_memory_is_refused_before_it_is_read(root: Path) -> None:
    for name in ("a.csv", "b.csv"):
        with (root / name).open("wb") as file:
            file.truncate(1_500_000_000)
    with pytest.raises(TenutoError, match="3000000000 bytes in 2 files") as caught:
        read_source(SourceSpec(str(root)), [root])
    assert caught.value.fault.code == "data.source_too_large"
    (root / "a.csv").write_text("a\n1\n")
    (root / "b.csv").unlink()
    with pytest.raises(TenutoError, match="at most 3 are read"):
        read_source(SourceSpec(str(root)), [root], limit=3)
    assert read_source(SourceSpec(str(root)), [root], limit=4).table.num_rows == 1


def test_a_file_that_may_not_be_read_is_told(read: Read, root: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("needs an ordinary user")
    (root / "part1.csv").touch(mode=0)
    with pytest.raises(TenutoError) as caught:
        read_source(SourceSpec(str(root)), [root])
    assert caught.value.fault.code == "data.source_unreadable"


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b'a,b\n1,""\n2,"x"', [None, "x"]),
        (b'a,b\r\n1,"5"" pipe"\r\n2,6" pipe\r\n', ['5" pipe', '6" pipe']),
        (b'\xef\xbb\xbf"a","b"\n1,"x,\n\n"\n\n\n2,y', ["x,\n\n", "y"]),
        (b"a,b\r1,x\r2,y", ["x", "y"]),
        (b"a,b\n1," + b"x" * (2 << 20) + b"\n2,y\n", ["x" * (2 << 20), "y"]),
    ],
)
def test_what_is_well_formed_is_read_as_it_is(read: Read, content: bytes, values: list[str | None]) -> None:
    assert read(content).table.to_pydict() == {"a": [1, 2], "b": values}


def test_line_breaks_within_quotes_stay_in_the_value(read: Read) -> None:
    found: Any = read(b'a,b\n"x\ny",1\n"say ""hi""",2\n').table
    assert found["a"].to_pylist() == ["x\ny", 'say "hi"']
