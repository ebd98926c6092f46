"""Files of declarations: what is read, where errors point, and what is written back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tenuto.client.documents import Document, read_content, read_documents, write_documents
from tenuto.client.errors import DOCUMENT_INVALID, FILE_UNREADABLE, NOTHING_DECLARED, YAML_BROKEN
from tenuto.client.words import Resource
from tenuto.client.yaml_core import MOST_VALUES, read_yaml
from tenuto.core.errors import UNKNOWN_FIELD, TenutoError

ROUTE = b"""\
kind: Route
name: chat
workspace: lab
spec:
  upstreams: [{provider: openai, model: gpt}]
"""


def _value(text: str) -> Any:
    [found] = read_yaml(f"x: {text}\n".encode(), "f.yaml")
    return found.value["x"]


def _refused(content: bytes | str) -> TenutoError:
    given = content.encode() if isinstance(content, str) else content
    with pytest.raises(TenutoError) as refused:
        read_content(given, "f.yaml")
    return refused.value


@pytest.mark.capability("C15")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        # What version 1.1 of YAML takes for something else.
        ("no", "no"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("12:30:00", "12:30:00"),
        ("190:20:30", "190:20:30"),
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("012", 12),
        ("0b1010", "0b1010"),
        ("1_000", "1_000"),
        ("=", "="),
        # The core schema of version 1.2.
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0o17", 15),
        ("0xff", 255),
        ("-7", -7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("+12.", 12.0),
        ("tRue", "tRue"),
        # Said to be text.
        ("'true'", "true"),
        ('"12"', "12"),
        ("!!str 12", "12"),
        ("|\n  two\n  lines", "two\nlines\n"),
        ("&a 1", 1),
    ],
)
def test_plain_words_mean_what_version_1_2_says(text: str, value: Any) -> None:
    found = _value(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("content", "place", "said"),
    [
        ("kind: Route\n  name: x", "f.yaml:2:7", "mapping values are not allowed here"),
        ("a:\n\t- x", "f.yaml:2:1", "indent with spaces"),
        ("a: [1, 2", "f.yaml:1:9", "expected ',' or ']'"),
        ("a: 'x", "f.yaml:1:6", "quoted scalar that begins in line 1"),
        ("a: *nope", "f.yaml:1:4", "undefined alias 'nope'"),
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1", "`a` stands here again; first in line 1"),
        ("x:\n  y: 1\n  y: 2", "f.yaml:3:3", "`y` stands here again; first in line 2"),
        ("1: x", "f.yaml:1:1", "a key is text"),
        ("true: x", "f.yaml:1:1", "a key is text"),
        ("? [a]\n: b", "f.yaml:1:3", "a key is text"),
        ("<<: {a: 1}", "f.yaml:1:1", "merge keys are not YAML 1.2"),
        ("a: !!python/object/apply:os.system [id]", "f.yaml:1:4", "is not taken"),
        ("a: !!timestamp 2026-01-02", "f.yaml:1:4", "is not taken"),
        ("a: .inf", "f.yaml:1:4", "no number that JSON has"),
        ("a: .NaN", "f.yaml:1:4", "no number that JSON has"),
        ("a: 1e999", "f.yaml:1:4", "no number that JSON has"),
        ("a: 9223372036854775808", "f.yaml:1:4", "too large"),
        (f"a: {'9' * 5000}", "f.yaml:1:4", "too large"),
        (b"a: 1\nb: \xff", "f.yaml:2:4", "not UTF-8 (byte 0xff)"),
        ("a: 1\nb: x\x07y", "f.yaml:2:5", "U+0007 is not allowed"),
        ("a: 1\n---\nb: [", "f.yaml:3:5", "expected"),
    ],
)
def test_broken_yaml_is_told_with_line_column_and_reason(content: bytes | str, place: str, said: str) -> None:
    error = _refused(content)
    assert error.fault is YAML_BROKEN
    assert error.detail.startswith(f"{place}: ")
    assert said in error.detail


@pytest.mark.parametrize(
    "content",
    [
        "a: &a [x]\nb: &b [" + "*a," * 9 + "]\nc: &c [" + "*b," * 900 + "]\nd: [" + "*c," * 900 + "]",
        "a: &a {b: *a}",
        "[" * 200,
        "- " * 5000,
    ],
    ids=["unfolding", "endless", "deep", "deeper than the parser goes"],
)
def test_a_small_file_cannot_become_a_large_value(content: str) -> None:
    assert _refused(content).fault is YAML_BROKEN
    assert MOST_VALUES < 1_000_000


def test_a_document_knows_where_it_stands() -> None:
    content = b"# routes\n---\n" + ROUTE + b"---\n\n---\n" + ROUTE.replace(b"chat", b"other")
    assert [(one.name, one.origin) for one in read_content(content, "r.yaml")] == [
        ("chat", "r.yaml:3"),
        ("other", "r.yaml:11"),
    ]


@pytest.mark.parametrize(
    ("content", "fault", "said"),
    [
        ("kind: Route\nnme: chat", UNKNOWN_FIELD, "f.yaml:1: `nme`: did you mean `name`?"),
        ("kind: Route\nname: a\nmetadata: {}", UNKNOWN_FIELD, "`metadata`: known here: kind, name, spec"),
        ("kind: Route", DOCUMENT_INVALID, "f.yaml:1: `name` is missing"),
        ("name: chat", DOCUMENT_INVALID, "`kind` is missing"),
        ("kind: Route\nname:", DOCUMENT_INVALID, "`name` is missing"),
        ("kind: Route\nname: 7", DOCUMENT_INVALID, "`name`: expected text, found `7`"),
        ("kind: Route\nname: a\nspec: []", DOCUMENT_INVALID, "`spec`: expected a mapping, found a list"),
        ("kind: Route\nname: a\nversion: true", DOCUMENT_INVALID, "`version`: expected a whole number"),
        ("- kind: Route", DOCUMENT_INVALID, "expected a mapping, found a list"),
        ("just text", DOCUMENT_INVALID, "expected a mapping, found `just text`"),
    ],
)
def test_a_document_that_declares_nothing_is_refused_by_name(content: str, fault: Any, said: str) -> None:
    error = _refused(content)
    assert error.fault is fault
    assert said in error.detail


def test_json_is_yaml_and_a_mark_of_the_byte_order_is_passed_over() -> None:
    content = b'\xef\xbb\xbf{"kind": "Route", "name": "chat", "spec": {"a": [1, null]}, "version": 3}'
    [found] = read_content(content, "r.json")
    assert found == Document("Route", "chat", {"a": [1, None]}, version=3, origin="r.json:1")


def test_a_folder_is_read_in_the_order_of_its_names_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/z.yml", "a/y.json", ".hidden.yaml", ".git/x.yaml", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not: [yaml" if name == "notes.txt" else ROUTE)
    origins = [Path(one.origin.rpartition(":")[0]) for one in read_documents(tmp_path)]
    assert [path.relative_to(tmp_path).as_posix() for path in origins] == ["a/y.json", "a/z.yml", "b.yaml"]


def test_nothing_to_read_is_told(tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("# nothing\n---\n")
    for place, fault in (
        (tmp_path / "missing.yaml", FILE_UNREADABLE),
        (empty, NOTHING_DECLARED),
        (tmp_path, NOTHING_DECLARED),
    ):
        with pytest.raises(TenutoError) as refused:
            read_documents(place)
        assert refused.value.fault is fault
        assert str(place) in refused.value.detail


def test_what_is_written_is_read_as_the_same_documents() -> None:
    spec = {"model": "no", "limits": {"cap": 12, "share": 0.5}, "names": ["012", "1e3", "a: b"], "on": None}
    stored = Resource("1", "Route", "chat", "w1", 3, spec, "ann", datetime(2026, 1, 2, tzinfo=UTC))
    text = write_documents([(stored, "lab"), (stored, None)])
    assert read_content(text.encode(), "e.yaml") == [
        Document("Route", "chat", spec, "lab", origin="e.yaml:2"),
        Document("Route", "chat", spec, None, origin="e.yaml:16"),
    ]
