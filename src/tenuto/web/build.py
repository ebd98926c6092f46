"""Puts a site together from the routes that the areas declare."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from tenuto.web.console import templates
from tenuto.web.console.console import Console
from tenuto.web.console.entrance import entrance_routes
from tenuto.web.console.i18n import faults
from tenuto.web.console.statics import Statics
from tenuto.web.dispatch.config import SiteConfig, SiteParts
from tenuto.web.dispatch.site import Site
from tenuto.web.openapi.document import openapi_route
from tenuto.web.ports import Entrance, Frame
from tenuto.web.registry.registry import Registry
from tenuto.web.registry.words import Route
from tenuto.web.security.redirects import safe_next


def build_registry(
    routes: Iterable[Route],
    entrance: Entrance,
    statics: Statics,
    *,
    version: str,
    actions: Collection[str] | None = None,
) -> Registry:
    """Join the areas' routes with those every site has. ``actions`` are all that the policies know."""

    def allowed(wanted: str) -> str:
        return safe_next(registry, wanted)

    own = [*routes, *entrance_routes(entrance, allowed), statics.route()]
    registry = Registry([*own, openapi_route(own, version)], actions)
    return registry


def build_site(
    registry: Registry,
    statics: Statics,
    frame: Frame,
    config: SiteConfig,
    parts: SiteParts,
    template_folders: tuple[Path, ...] = (templates.FOLDER,),
    messages: Path = faults.FOLDER,
) -> Site:
    """Return the ASGI application that serves ``registry``."""
    engine = templates.Templates(statics, template_folders, messages)
    console = Console(registry, frame=frame, clock=parts.clock, templates=engine)
    return Site(registry, console, config, parts)
