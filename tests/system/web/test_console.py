"""The console in a real browser: both themes, both languages, laptop and phone, mouse, keyboard, no script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from fixtures.browser import Watched, serious_findings
from fixtures.gallery.people import EMAIL, PASSWORD

pytestmark = [pytest.mark.system, pytest.mark.browser]
LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
LOOKS = [
    pytest.param(language, theme, size, id=f"{language}-{theme}-{size['width']}")
    for language in ("en", "fr")
    for theme in ("light", "dark")
    for size in (LAPTOP, PHONE)
]
# Axe looks at each theme, language and size, but not at each of their combinations: it takes its time.
AUDITED = {("en", "light", 1280), ("fr", "dark", 390), ("fr", "light", 390), ("en", "dark", 1280)}
PAGES = ["/", "/form", "/empty", "/hostile", "/live"]


@pytest.fixture
def visit(browser: Browser, base: str) -> Iterator[Any]:
    """Open a page in a fresh browser profile. What the page complains about fails the test at its end."""
    opened: list[tuple[Any, Watched, list[str]]] = []

    def open_page(*, tolerate: tuple[str, ...] = (), **settings: Any) -> Page:
        context = browser.new_context(**{"viewport": LAPTOP, "locale": "en", "base_url": base, **settings})
        context.set_default_timeout(20_000)
        page = context.new_page()
        opened.append((context, Watched(page), list(tolerate)))
        return page

    yield open_page
    for context, watched, tolerated in opened:
        context.close()
        assert [said for said in watched.complaints if not any(part in said for part in tolerated)] == []


def _sign_in(page: Page, base: str) -> None:
    """Sign in without drawing the entrance, which tests of their own walk through, and show the home page."""
    client = page.context.request
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text())
    assert token
    form = {"csrf_token": token[1], "email": EMAIL, "password": PASSWORD}
    assert client.post("/sign-in", form=form, headers={"Origin": base}, max_redirects=0).status == 303
    page.goto("/")


def _assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


@pytest.mark.parametrize(("language", "theme", "size"), LOOKS)
def test_every_page_fits_is_accessible_and_keeps_the_policy(
    visit: Any, base: str, axe_source: str, language: str, theme: str, size: dict[str, int]
) -> None:
    page = visit(locale=language, color_scheme=theme, viewport=size, tolerate=("404 (Not Found)",))
    audited = (language, theme, size["width"]) in AUDITED
    for path in ["/sign-in", *PAGES, "/nowhere"]:
        if path == PAGES[0]:
            _sign_in(page, base)
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == language
        _assert_fits(page)
        assert not audited or serious_findings(page, axe_source) == [], path


def test_axe_would_find_something(visit: Any, axe_source: str) -> None:
    page = visit()
    page.goto("/sign-in")
    page.evaluate("document.querySelector('label').remove()")
    assert any(finding.startswith("label") for finding in serious_findings(page, axe_source))


def test_a_violation_of_the_policy_would_be_seen(visit: Any) -> None:
    page = visit(tolerate=("Content Security Policy",))
    watched = Watched(page)
    page.goto("/sign-in")
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<b style=\"color:red\" onclick=\"1\">x</b>')"
    )
    assert any("Content Security Policy" in said for said in watched.complaints)


@pytest.mark.capability("C4")
def test_hostile_text_runs_nothing_and_calls_nobody(visit: Any, base: str) -> None:
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    _sign_in(page, base)
    page.goto("/hostile")
    page.locator("[onfocus], img").first.wait_for(state="detached")
    for element in page.locator("a, button, [tabindex]").all()[:40]:
        element.focus()
    assert page.evaluate("window.ran") is None
    assert {url for url in asked if not url.startswith(base)} == set()


def test_the_whole_way_in_and_out_with_the_keyboard_alone(visit: Any) -> None:
    page = visit()
    page.goto("/sign-in")
    expect(page.locator("#email")).to_be_focused()
    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    _tab_to(page, page.get_by_role("button", name="Delete", exact=True).first)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Delete this run?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Delete", exact=True).first).to_be_focused()
    page.goto("/")
    _tab_to(page, page.get_by_role("button", name="Ada Lovelace"))
    page.keyboard.press("Enter")
    _tab_to(page, page.get_by_role("button", name="Sign out"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in")
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def _tab_to(page: Page, wanted: Any, most: int = 60) -> None:
    for _ in range(most):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"not reached with the Tab key: {wanted}")


def test_on_a_phone_the_navigation_opens_over_the_page_and_leaves(visit: Any, base: str) -> None:
    page = visit(viewport=PHONE)
    _sign_in(page, base)
    link = page.get_by_role("link", name="Datasets")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Navigation").click()
    expect(link).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Navigation").click()
    link.click()
    page.wait_for_url("**/datasets")


def test_language_and_theme_are_switched_and_stay(visit: Any, base: str) -> None:
    page = visit()
    _sign_in(page, base)
    page.goto("/form")
    page.get_by_role("button", name="Ada Lovelace").click()
    page.get_by_role("button", name="Dark").click()
    page.wait_for_url("**/form")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Ada Lovelace").click()
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("heading", name="Nouvelle exécution").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark == "rgb(16, 22, 23)"


def test_without_script_everything_that_matters_works(visit: Any) -> None:
    page = visit(java_script_enabled=False, viewport=PHONE)
    page.goto("/sign-in?next=%2Fform")
    page.get_by_role("button", name="Français").click()
    page.locator("#email").fill(EMAIL)
    page.locator("#password").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/form")
    page.locator("#title").fill("essai")
    page.locator("#amount").fill("3")
    page.get_by_role("button", name="Lancer").click()
    expect(page.get_by_text("essai a été lancée avec 3 étapes.")).to_be_visible()
    page.get_by_role("button", name="Navigation").click()
    page.get_by_role("link", name="Exécutions", exact=True).click()
    page.wait_for_url("**/runs")
    expect(page.get_by_role("time").or_(page.locator("time")).first).to_contain_text("UTC")


def test_a_refused_form_leads_to_its_problems(visit: Any, base: str, axe_source: str) -> None:
    page = visit(tolerate=("400 (Bad Request)",))
    _sign_in(page, base)
    page.goto("/form")
    page.locator("#title").fill("x")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert").first).to_be_focused()
    field = page.locator("#title")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description("Two to forty characters. At least 2 characters are needed.")
    expect(field).to_have_value("x")
    assert serious_findings(page, axe_source) == []


def test_a_live_part_follows_and_stays_quiet_when_it_is_done(visit: Any, base: str) -> None:
    page = visit()
    _sign_in(page, base)
    page.goto("/live")
    expect(page.locator("#news")).to_have_text("5 steps done")


def test_a_live_page_sends_who_signed_out_elsewhere_to_the_entrance(visit: Any, base: str) -> None:
    page = visit()
    _sign_in(page, base)
    page.goto("/endless")
    expect(page.locator("main")).to_contain_text("3")
    other = page.context.new_page()
    other.goto("/")
    other.get_by_role("button", name="Ada Lovelace").click()
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/sign-in")
    page.wait_for_url("**/sign-in?next=%2Fendless")


def test_parts_are_fetched_and_their_errors_shown_apart(visit: Any, base: str) -> None:
    page = visit(tolerate=("500 (Internal Server Error)",))
    _sign_in(page, base)
    page.goto("/live")
    page.get_by_role("button", name="Open").click()
    expect(page.locator("#target")).to_contain_text("churn-weekly")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("alert")).to_contain_text("Something went wrong inside Tenuto")
    expect(page.locator("#target")).to_contain_text("churn-weekly")


def test_a_lost_connection_is_said(visit: Any, base: str) -> None:
    page = visit(tolerate=("net::ERR", "Failed to fetch"))
    _sign_in(page, base)
    page.goto("/live")
    expect(page.locator("#news")).to_have_text("5 steps done")
    page.context.set_offline(True)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert").first).to_contain_text("Tenuto cannot be reached")


def test_a_chart_is_drawn_and_its_figures_can_be_read(visit: Any, base: str) -> None:
    page = visit(timezone_id="Europe/Paris")
    _sign_in(page, base)
    chart = page.locator("figure.chart")
    expect(chart.locator("canvas")).to_be_visible()
    expect(chart.get_by_role("img")).to_have_accessible_name(
        "Line chart: Model calls. The table that follows holds the same figures."
    )
    expect(chart.get_by_role("table")).to_be_hidden()
    chart.get_by_text("Show as a table").click()
    expect(chart.get_by_role("table")).to_be_visible()
    expect(chart.locator("tbody tr")).to_have_count(24)


def test_times_become_the_readers_own(visit: Any, base: str) -> None:
    page = visit(timezone_id="Asia/Tokyo", locale="fr")
    _sign_in(page, base)
    expect(page.locator("dd time").first).to_have_text("21 nov. 2026, 23:02:00")
    expect(page.locator("dd time").first).to_have_attribute("title", "21 nov. 2026, 14:02:00 UTC")


def test_code_is_copied(visit: Any, base: str) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    _sign_in(page, base)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl http://127.0.0.1:8484/v1/")


def test_a_link_followed_from_another_site_arrives_signed_in(visit: Any, base: str) -> None:
    page = visit()
    _sign_in(page, base)
    elsewhere = base.replace("127.0.0.1", "localhost")
    page.goto(f"{elsewhere}/sign-in")
    page.evaluate("address => location.assign(address)", f"{base}/runs")
    page.wait_for_url(f"{base}/runs")
    expect(page.get_by_role("heading", name="Runs", level=1)).to_be_visible()


def test_motion_stops_for_who_asks(visit: Any, base: str) -> None:
    page = visit(reduced_motion="reduce")
    _sign_in(page, base)
    assert page.locator(".badge.busy svg").first.evaluate("e => getComputedStyle(e).animationName") == "none"


def test_on_paper_there_is_the_page_and_no_frame(visit: Any, base: str) -> None:
    page = visit()
    _sign_in(page, base)
    page.emulate_media(media="print")
    expect(page.locator("#rail")).to_be_hidden()
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator("figure.chart table")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
