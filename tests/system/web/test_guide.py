"""From an empty installation to the first call, as the first owner walks it in a browser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from fixtures.browser import Watched, serious_findings
from support.console_house import OWNER, PASSWORD, House, ask, house

pytestmark = [pytest.mark.system, pytest.mark.browser, pytest.mark.timeout(180)]
UPSTREAM_KEY = "a-key-of-the-upstream"


@pytest.fixture(scope="module")
def empty_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("empty")) as built:
        yield built


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a provider that takes ``UPSTREAM_KEY`` only."""
    command = [sys.executable, "-m", "tenuto.testing.provider_simulator", "--api-key", UPSTREAM_KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready, _, address = process.stdout.readline().strip().partition(" ")
        assert ready == "ready"
        yield f"{address}/v1"
        process.terminate()


@pytest.fixture
def page(browser: Browser, empty_house: House) -> Iterator[Page]:
    context = browser.new_context(base_url=empty_house.address, locale="en")
    context.set_default_timeout(20_000)
    opened = context.new_page()
    watched = Watched(opened)
    yield opened
    context.close()
    assert [said for said in watched.complaints if "400 (Bad Request)" not in said] == []


@pytest.mark.capability("U8")
def test_an_empty_installation_is_led_to_its_first_call(
    page: Page, empty_house: House, upstream: str, axe_source: str
) -> None:
    _found(page, empty_house)
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    assert serious_findings(page, axe_source) == []
    page.get_by_role("button", name="Create the workspace").click()
    expect(page.get_by_text("The workspace lab is there.")).to_be_visible()
    _declare_provider(page, "http://127.0.0.1:9/v1")
    _keep_key(page, "a wrong key")
    page.get_by_role("button", name="Test the provider").click()
    expect(
        page.get_by_text("The provider cannot be reached")
        .or_(page.get_by_text("The test did not succeed"))
        .first
    ).to_be_visible()
    _correct_address(page, upstream)
    page.get_by_role("button", name="Test the provider").click()
    expect(page.get_by_text("The test did not succeed")).to_be_visible()
    page.get_by_label("Another key").fill(UPSTREAM_KEY)
    page.get_by_role("button", name="Keep the key").click()
    page.get_by_role("button", name="Test the provider").click()
    expect(page.get_by_text("The provider answers and takes the key")).to_be_visible()
    assert serious_findings(page, axe_source) == []
    page.get_by_label("The provider's model").select_option(index=0)
    page.get_by_role("button", name="Add the route").click()
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_text("Copy the key now")).to_be_visible()
    assert serious_findings(page, axe_source) == []
    key = page.locator("code", has_text="export GATEWAY_KEY=").inner_text().partition("=")[2]
    assert "assistant" in page.locator("figure", has_text="With curl").inner_text()
    _call(empty_house, key)
    expect(page.get_by_text("The first call has come through")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    assert key not in page.goto("/start").text()  # type: ignore[union-attr]  # a page answers


def _found(page: Page, built: House) -> None:
    page.goto("/")
    page.get_by_label("Token").fill(built.token)
    page.get_by_label("Your name").fill(OWNER[1])
    page.get_by_label("E-mail").fill(OWNER[0])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Your organisation").fill("Okapi & Fils")
    page.get_by_label("Currency").fill("chf")
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/")


def _declare_provider(page: Page, upstream: str) -> None:
    """The host needs a rule: it is said and asked for before anything is declared."""
    family = page.get_by_label("Kind of server")
    compatible = family.locator("option", has_text="compatible").first.get_attribute("value")
    family.select_option(compatible)
    page.get_by_label("Base URL").fill(upstream)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Calls would go to a host that is not allowed yet")).to_be_visible()
    expect(page.get_by_label("The host is on this machine")).to_be_checked()
    page.get_by_role("button", name="Allow the host and declare the provider").click()
    expect(page.get_by_text("The provider main is declared.")).to_be_visible()


def _correct_address(page: Page, upstream: str) -> None:
    """The form stands open where a trial failed, and says what is declared."""
    address = page.get_by_label("Base URL")
    expect(address).to_have_value("http://127.0.0.1:9/v1")
    address.fill(upstream)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Allow the host and declare the provider").click()
    expect(page.get_by_text("The provider main is declared.")).to_be_visible()


def _keep_key(page: Page, key: str) -> None:
    page.get_by_label("The provider's key").fill(key)
    page.get_by_role("button", name="Keep the key").click()
    expect(page.get_by_text("The secret main-key is kept.")).to_be_visible()


def _call(built: House, key: str) -> Any:
    """Call as the shown samples do, as soon as the gateway knows the key."""
    message = {"model": "assistant", "messages": [{"role": "user", "content": "Hello!"}]}
    return ask(built.address, "POST", "/v1/chat/completions", message, key=key)
