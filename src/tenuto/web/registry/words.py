"""How a route is declared."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import msgspec

from tenuto.core.errors import TenutoError


class Surface(Enum):
    """Which credential a route looks at, and how its errors are shown."""

    API = "api"  # bearer tokens only; JSON
    CONSOLE = "console"  # the session cookie only, with CSRF protection; HTML


class Public(msgspec.Struct, frozen=True):
    """Says that nobody needs to be known here, and why."""

    why: str


class Authenticated(msgspec.Struct, frozen=True):
    """Says that somebody has to be known here, that no right is needed beyond that, and why."""

    why: str


class NotAudited(msgspec.Struct, frozen=True):
    """Says that no audit record is written, and why."""

    why: str


PLAIN_READ = NotAudited("a plain read: permission is checked, and nothing changes or leaves")


class Group(Enum):
    """The groups of the console's navigation, in their order."""

    HOME = "home"
    BUILD = "build"
    MODELS = "models"
    DEPLOY = "deploy"
    OBSERVE = "observe"
    GOVERN = "govern"
    COSTS = "costs"
    SETTINGS = "settings"


class Nav(msgspec.Struct, frozen=True):
    """The place of a page in the navigation. ``order`` counts within the group."""

    group: Group
    title: str  # a key of the catalogue
    icon: str
    order: int = 0


class Refusal(msgspec.Struct, frozen=True):
    """A form that was not taken: what was typed, and what is wrong with it."""

    error: TenutoError
    values: dict[str, str]

    @property
    def problems(self) -> dict[str, Any]:
        """Problems by field name, for the form macros."""
        found: dict[str, Any] = self.error.context.get("fields", {})
        return found


Handler = Callable[[Any, Any, Any], Any]
"""``(call, body, query) -> result``; body and query are None where the route declares none."""


class _Address(msgspec.Struct, frozen=True):
    method: str
    path: str


class Route(_Address, frozen=True, kw_only=True):
    """One address and everything that holds there. The registry refuses an incomplete one.

    ``audit`` names the record the use case writes (``model.approved``), or says why there is none.
    """

    handler: Handler
    summary: str
    action: str = ""  # area:resource:verb, as the policies know it
    resource: str = ""  # the kind of resource the action is about
    audit: str | NotAudited = ""
    public: Public | None = None
    authenticated: Authenticated | None = None  # instead of an action
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    response: Any = None
    status: int = 200
    surface: Surface = Surface.API
    upload_limit: int | None = None  # bytes; the body is then streamed to disk as it comes
    tag: str = ""  # the area of the API, for its documentation
    title: str = ""  # console pages: a key of the catalogue
    nav: Nav | None = None
    when_refused: Callable[[Any, Refusal], Any] | None = None  # shows a form again with its problems

    @property
    def is_safe(self) -> bool:
        return self.method == "GET"
