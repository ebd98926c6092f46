"""Changing the workspace one stands in."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tenuto.core.errors import TenutoError
from tenuto.govern.workspaces.errors import WORKSPACE_UNKNOWN
from tenuto.web.pages.declaring import form
from tenuto.web.pages.place import standing
from tenuto.web.registry.words import NotAudited, Route
from tenuto.web.security.cookies import WORKSPACE
from tenuto.web.words import Call, Input, Redirect


class ChooseForm(Input, frozen=True, kw_only=True):
    """``next`` is the list one came from: a page about one thing has no counterpart elsewhere."""

    workspace: str
    next: Annotated[str, msgspec.Meta(pattern=r"^/[a-z-]*$")] = "/"


def choose(call: Call, body: ChooseForm, _query: None) -> Redirect:
    known = {place.name for place in standing(call).places}
    if body.workspace not in known:
        raise TenutoError(WORKSPACE_UNKNOWN, body.workspace)
    return Redirect(body.next, cookies={WORKSPACE: body.workspace})


def routes() -> list[Route]:
    return [
        form(
            "/workspace",
            choose,
            "Go to another workspace",
            action="govern:resource:read",
            resource="Workspace",
            audit=NotAudited("it changes a cookie of the browser that asks, and nothing here"),
            title="frame.workspace",
            body=ChooseForm,
        ),
    ]
