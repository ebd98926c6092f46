"""Profiles lie beside their dialect as data: a JSON list of what each family of servers knows."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from tenuto.gateway.words.routing import Profile


@cache
def profiles_of(package: str) -> dict[str, Profile]:
    """Return the profiles in the package's ``profiles.json``, by name. Read once."""
    content = files(package).joinpath("profiles.json").read_bytes()
    return {profile.name: profile for profile in msgspec.json.decode(content, type=list[Profile])}
