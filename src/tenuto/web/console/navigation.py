"""The navigation, built from the pages that are registered: nothing in it points to a missing page."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from tenuto.web.ports import Door
from tenuto.web.registry.words import Group, Nav, Route


class NavItem(msgspec.Struct, frozen=True):
    path: str
    title: str
    icon: str
    door: Door


class NavSection(msgspec.Struct, frozen=True):
    group: Group
    items: tuple[NavItem, ...]


def build_navigation(routes: Iterable[Route]) -> tuple[NavSection, ...]:
    """Return the groups that have pages, in the order of ``Group``, pages by their order and address."""
    pages = [(route.nav, route) for route in routes if route.nav is not None]
    sections = []
    for group in Group:
        inside = sorted(
            (nav.order, route.path, _item(nav, route)) for nav, route in pages if nav.group is group
        )
        if inside:
            sections.append(NavSection(group, tuple(item for _, _, item in inside)))
    return tuple(sections)


def doors_of(sections: Iterable[NavSection]) -> list[Door]:
    """Return the pages that ask for a right."""
    return [item.door for section in sections for item in section.items if item.door.action]


def without(sections: Iterable[NavSection], closed: Collection[str]) -> tuple[NavSection, ...]:
    """Leave out the pages at these addresses, and the groups that then hold none."""
    left = (
        NavSection(section.group, tuple(item for item in section.items if item.path not in closed))
        for section in sections
    )
    return tuple(section for section in left if section.items)


def _item(nav: Nav, route: Route) -> NavItem:
    return NavItem(route.path, nav.title, nav.icon, Door(route.path, route.action, route.resource))


def current_item(sections: Iterable[NavSection], page: str) -> str:
    """Return the address of the item that ``page`` belongs to: the longest one that leads to it."""
    leading = [
        item.path
        for section in sections
        for item in section.items
        if page == item.path or (item.path != "/" and page.startswith(f"{item.path}/"))
    ]
    return max(leading, key=len, default="")
