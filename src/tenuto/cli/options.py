"""The options that commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Group, Parameter

_SHARED = Group("Shared by all commands", sort_key=100)


@Parameter(name="*", group=_SHARED)
@dataclass(frozen=True, kw_only=True)
class Shown:
    """How a command speaks."""

    json: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """Print JSON and nothing else; errors go to standard error as JSON too."""


@Parameter(name="*", group=_SHARED)
@dataclass(frozen=True, kw_only=True)
class Platform(Shown):
    """Which platform a command speaks to, and where in it."""

    url: Annotated[str, Parameter(show_default=False)] = ""
    """Address of the platform. Otherwise TENUTO_URL, or the one you signed in to last."""
    workspace: Annotated[str, Parameter(alias="-w", show_default=False)] = ""
    """Workspace to work in, by its name. Otherwise TENUTO_WORKSPACE."""


JUST_SHOWN = Shown()
ANY_PLATFORM = Platform()
