"""Declared things as files: YAML in, the documents of ``plan`` and ``apply`` out, and back again."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tenuto.client.errors import DOCUMENT_INVALID, FILE_UNREADABLE, NOTHING_DECLARED
from tenuto.client.words import Resource
from tenuto.client.yaml_core import Found, plain_value, read_yaml
from tenuto.core.errors import UNKNOWN_FIELD, TenutoError

_ODD_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


class Document(msgspec.Struct, frozen=True, omit_defaults=True):
    """One declared thing as it stands in a file.

    With ``version`` the change is refused unless the stored thing has that version (0: does not exist).
    ``origin`` is where it stands, for errors.
    """

    kind: str
    name: str
    spec: dict[str, Any] = {}
    workspace: str | None = None
    version: int | None = None
    origin: str = ""


_TYPES = {"kind": str, "name": str, "spec": dict, "workspace": str, "version": int}
_IN_WORDS = {str: "text", dict: "a mapping", int: "a whole number"}


def read_documents(place: Path) -> list[Document]:
    """Read a file, or every YAML and JSON file of a folder and the folders in it, hidden ones left out."""
    documents = [found for file in _files(place) for found in read_file(file)]
    if not documents:
        raise TenutoError(NOTHING_DECLARED, str(place))
    return documents


def read_file(file: Path) -> list[Document]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise TenutoError(FILE_UNREADABLE, f"{file}: {error.strerror}") from error
    return read_content(content, str(file))


def read_content(content: bytes, name: str) -> list[Document]:
    """Read documents from bytes; ``name`` is what errors call them."""
    return [_document(found) for found in read_yaml(content, name)]


def write_documents(resources: Iterable[tuple[Resource, str | None]]) -> str:
    """Return resources, each with the name of its workspace, as YAML that ``read_documents`` takes."""
    bodies = [_body(resource, workspace) for resource, workspace in resources]
    return yaml.dump_all(
        bodies, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**30, explicit_start=True
    )


def write_value(value: Any) -> str:
    """Return one JSON value as YAML."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**30)
    return text


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    found = (file for file in place.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
    return sorted(file for file in found if not _is_hidden(file.relative_to(place)))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _document(found: Found) -> Document:
    place = f"{found.place.name}:{found.place.line}"
    if not isinstance(found.value, dict):
        raise TenutoError(DOCUMENT_INVALID, f"{place}: expected a mapping, found {_told(found.value)}")
    _require_known(found.value, place)
    given = {name: value for name, value in found.value.items() if value is not None}
    missing = [name for name in ("kind", "name") if name not in given]
    if missing:
        raise TenutoError(DOCUMENT_INVALID, f"{place}: `{missing[0]}` is missing", field=missing[0])
    for name, value in given.items():
        if type(value) is not _TYPES[name]:
            wanted = _IN_WORDS[_TYPES[name]]
            detail = f"{place}: `{name}`: expected {wanted}, found {_told(value)}"
            raise TenutoError(DOCUMENT_INVALID, detail, field=name)
    return Document(**given, origin=place)


def _require_known(value: dict[str, Any], place: str) -> None:
    for name in value:
        if name not in _TYPES:
            nearest = difflib.get_close_matches(name, _TYPES, n=1, cutoff=0.5)
            hint = f"did you mean `{nearest[0]}`?" if nearest else f"known here: {', '.join(_TYPES)}"
            raise TenutoError(UNKNOWN_FIELD, f"{place}: `{name}`: {hint}", field=name)


def _told(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, dict) else f"`{value}`"


def _body(resource: Resource, workspace: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": resource.kind, "name": resource.name}
    if workspace is not None:
        body["workspace"] = workspace
    return body | {"spec": resource.spec or {}}


class _Dumper(yaml.SafeDumper):
    """Puts quotes around text that either version of YAML would read as something else."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """Write lines as lines, and characters that only version 1.1 takes for line ends as escapes."""
        style = '"' if _ODD_LINE_ENDS.search(text) else "|" if "\n" in text else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        tag = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]  # untyped in the stubs
        is_text = kind is yaml.ScalarNode and implicit[0] and tag.endswith(":str")
        return "not text" if is_text and not isinstance(plain_value(value), str) else tag

    def ignore_aliases(self, _data: Any) -> bool:
        """Write out what is shared: an anchor in a file of declarations puzzles more than it saves."""
        return True


_Dumper.add_representer(str, _Dumper.represent_text)
