"""The navigation knows exactly the pages that are registered."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tenuto.web.console.navigation import build_navigation, current_item, doors_of, without
from tenuto.web.registry.words import Group


def test_groups_and_pages_come_in_their_order(visitor: Any) -> None:
    sections = build_navigation(visitor.registry)
    assert [section.group for section in sections] == list(Group)
    paths = [item.path for section in sections for item in section.items]
    assert paths[:4] == ["/", "/runs", "/datasets", "/models"]


def test_a_group_without_pages_is_left_out() -> None:
    assert build_navigation([]) == ()


@pytest.mark.parametrize(
    ("page", "item"),
    [("/", "/"), ("/runs", "/runs"), ("/runs/7/steps", "/runs"), ("/runsx", ""), ("/nowhere", "")],
)
def test_the_current_page_is_found(visitor: Any, page: str, item: str) -> None:
    assert current_item(build_navigation(visitor.registry), page) == item


def test_every_link_of_the_frame_leads_to_a_page(ada: Any) -> None:
    links = re.findall(r'class="nav-link" href="([^"]+)"', ada.get("/").text)
    assert len(links) == 11
    for link in links:
        page = ada.get(link)
        assert page.status_code == 200
        assert f'href="{link}" aria-current="page"' in page.text


def test_what_waits_is_counted_and_what_must_stay_visible_is(ada: Any) -> None:
    page = ada.get("/runs").text
    assert re.search(r'class="nav-count"><span class="visually-hidden">Waiting: </span>3<', page)
    assert "Separation of duties is off in this workspace." in page
    assert "Production" in page


def test_nobody_unknown_sees_the_navigation(visitor: Any) -> None:
    page = visitor.get("/nowhere", headers={"accept": "text/html"}).text
    assert "nav-link" not in page


def test_a_page_that_somebody_may_not_open_is_not_offered(ada: Any) -> None:
    ada.client.cookies.set("tenuto_workspace", "narrow")
    page = ada.get("/").text
    assert 'class="nav-link" href="/runs"' not in page
    assert 'class="nav-link" href="/datasets"' in page


def test_a_group_of_which_nothing_is_open_is_left_out(visitor: Any) -> None:
    sections = build_navigation(visitor.registry)
    first = sections[1]
    left = without(sections, {item.path for item in first.items})
    assert first.group not in {section.group for section in left}
    assert len(left) == len(sections) - 1


def test_only_pages_that_ask_for_a_right_are_asked_about(visitor: Any) -> None:
    doors = doors_of(build_navigation(visitor.registry))
    assert doors
    assert all(door.action and door.kind for door in doors)
