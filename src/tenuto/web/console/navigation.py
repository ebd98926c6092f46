"""The navigation, built from the pages that are registered: nothing in it points to a missing page."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tenuto.web.registry.words import Group, Route


class NavItem(msgspec.Struct, frozen=True):
    path: str
    title: str
    icon: str


class NavSection(msgspec.Struct, frozen=True):
    group: Group
    items: tuple[NavItem, ...]


def build_navigation(routes: Iterable[Route]) -> tuple[NavSection, ...]:
    """Return the groups that have pages, in the order of ``Group``, pages by their order and address."""
    pages = [(route.nav, route) for route in routes if route.nav is not None]
    sections = []
    for group in Group:
        inside = sorted(
            (nav.order, route.path, NavItem(route.path, nav.title, nav.icon))
            for nav, route in pages
            if nav.group is group
        )
        if inside:
            sections.append(NavSection(group, tuple(item for _, _, item in inside)))
    return tuple(sections)


def current_item(sections: Iterable[NavSection], page: str) -> str:
    """Return the address of the item that ``page`` belongs to: the longest one that leads to it."""
    leading = [
        item.path
        for section in sections
        for item in section.items
        if page == item.path or (item.path != "/" and page.startswith(f"{item.path}/"))
    ]
    return max(leading, key=len, default="")
