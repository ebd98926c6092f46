"""What the guide's forms hold."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tenuto.govern.workspaces.words import Environment
from tenuto.web.words import Input

Name = Annotated[str, msgspec.Meta(max_length=63, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]


class WorkspaceForm(Input, frozen=True, kw_only=True):
    name: Name
    environment: Environment = Environment.DEVELOPMENT


class ProviderForm(Input, frozen=True, kw_only=True):
    """``choice`` is ``dialect/profile``. ``confirmed`` says that the reader saw where calls will go."""

    choice: str
    name: Name
    base_url: Annotated[str, msgspec.Meta(max_length=500)] = ""
    keyed: bool = False
    private: bool = False
    confirmed: bool = False


class SecretForm(Input, frozen=True, kw_only=True):
    secret: Annotated[str, msgspec.Meta(min_length=1, max_length=8_000)]


class RouteForm(Input, frozen=True, kw_only=True):
    name: Name
    model: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class KeyForm(Input, frozen=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
