"""Console routes without repeating what all of them share."""

from __future__ import annotations

from typing import Any

from tenuto.web.registry.words import PLAIN_READ, Handler, NotAudited, Route, Surface

FOLLOWS = NotAudited("a part of a page that follows it; permission is checked at every look")


def page(
    path: str,
    handler: Handler,
    summary: str,
    *,
    action: str,
    resource: str,
    title: str,
    audit: str | NotAudited = PLAIN_READ,
    **more: Any,
) -> Route:
    """Return the route of a page, or of a live part or download that belongs to one."""
    return Route(
        "GET",
        path,
        handler=handler,
        summary=summary,
        action=action,
        resource=resource,
        audit=audit,
        surface=Surface.CONSOLE,
        title=title,
        **more,
    )


def form(
    path: str,
    handler: Handler,
    summary: str,
    *,
    action: str,
    resource: str,
    audit: str | NotAudited,
    title: str,
    **more: Any,
) -> Route:
    """Return the route that a form is sent to."""
    return Route(
        "POST",
        path,
        handler=handler,
        summary=summary,
        action=action,
        resource=resource,
        audit=audit,
        surface=Surface.CONSOLE,
        title=title,
        **more,
    )
