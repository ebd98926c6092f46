"""The exact names a framework's own files refer to, from a data file. There are no wildcards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from functools import cache
from importlib.resources import files

import msgspec

from tenuto.core.digests import digest_of


class Role(Enum):
    """What a file may do with a name."""

    MAKE = "make"  # a class: an empty instance is made, then filled
    CALL = "call"  # also called with arguments: a reconstruction function
    NAME = "name"  # only referred to: a metric, a data type, a function applied at prediction


class AllowList(msgspec.Struct, frozen=True):
    version: str
    names: Mapping[tuple[str, str], Role]

    def role(self, module: str, name: str) -> Role | None:
        return self.names.get((module, name))


NOTHING = AllowList("empty", {})


@cache
def allow_list(framework: str) -> AllowList:
    """Read ``allow/FRAMEWORK.json``: ``{"names": {module: {name: role}}}``."""
    content = files("tenuto.guard.artifacts").joinpath("allow", f"{framework}.json").read_bytes()
    names = {
        (module, name): Role(role)
        for module, entries in json.loads(content)["names"].items()
        for name, role in entries.items()
    }
    return AllowList(f"{framework} {digest_of(content)}", names)
