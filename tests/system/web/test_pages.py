"""The console's pages over a platform that has lived: data came in, a run ended, a model waits, calls were made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from fixtures.browser import Watched, serious_findings
from support.console_house import APPROVER, OWNER, PASSWORD, SCIENTIST, House, ask, house, lived_in, settle
from tenuto.cli.demo import run_steps
from tenuto.cli.demo.stage import Stage

pytestmark = [pytest.mark.system, pytest.mark.browser, pytest.mark.timeout(300)]
LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
LOOKS = [("en", "light", LAPTOP), ("fr", "dark", PHONE), ("fr", "light", LAPTOP), ("en", "dark", PHONE)]
MODEL = "/models/breast-cancer"
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as made:
        settle(made)
        yield made


@pytest.fixture(scope="module")
def stage(built: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with lived_in(built, tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture
def visit(browser: Browser, built: House, stage: Stage) -> Iterator[Open]:
    """Open a page as somebody who is signed in. What the page complains about fails the test at its end."""
    opened: list[tuple[Any, Watched, tuple[str, ...]]] = []

    def open_page(who: tuple[str, str] = OWNER, *, tolerate: tuple[str, ...] = (), **settings: Any) -> Page:
        context = browser.new_context(
            **{"viewport": LAPTOP, "locale": "en", "base_url": built.address, **settings}
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        opened.append((context, Watched(page), tolerate))
        _sign_in(page, built.address, who[0])
        return page

    yield open_page
    for context, watched, tolerated in opened:
        context.close()
        assert [said for said in watched.complaints if not any(part in said for part in tolerated)] == []


def _sign_in(page: Page, address: str, email: str) -> None:
    client = page.context.request
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text())
    assert token
    form = {"csrf_token": token[1], "email": email, "password": PASSWORD}
    assert client.post("/sign-in", form=form, headers={"Origin": address}, max_redirects=0).status == 303


def _pages(stage: Stage) -> list[str]:
    run = f"/runs/{stage.kept['run']}"
    lists = ["/", "/start", "/datasets", "/runs", "/models", "/approvals", "/traffic", "/access", "/audit"]
    return [
        *lists,
        "/datasets/breast-cancer",
        run,
        f"{run}/logs",
        MODEL,
        "/access/keys",
        "/access/policies",
        "/access/why",
        "/endpoints",
        "/spend?days=7&by=model",
        "/providers",
        "/account",
        "/audit/verify",
    ]


@pytest.mark.parametrize(("language", "theme", "size"), LOOKS, ids=str)
def test_every_page_fits_and_is_accessible(
    visit: Open, stage: Stage, axe_source: str, language: str, theme: str, size: dict[str, int]
) -> None:
    page = visit(locale=language, color_scheme=theme, viewport=size)
    followed = []
    for path in _pages(stage):
        answer = page.goto(path)
        assert answer is not None
        assert answer.ok, path
        assert page.locator("html").get_attribute("lang") == language
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert serious_findings(page, axe_source) == [], path
        if path in {"/approvals", "/traffic", "/audit"}:
            followed.append(page.locator("tbody a").first.get_attribute("href") or "")
    for path in followed:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert serious_findings(page, axe_source) == [], path


@pytest.mark.capability("C4")
def test_a_viewer_of_nothing_is_told_so_and_offered_nothing(
    visit: Open, built: House, browser: Browser, axe_source: str
) -> None:
    """The invited person accepts in the browser, and has no role yet."""
    owner = visit()
    owner.goto("/access")
    owner.locator("form[action='/access/invite'] input[name=email]").fill("dora@example.org")
    owner.locator("form[action='/access/invite'] input[name=name]").fill("Dora")
    owner.get_by_role("button", name="Make an invitation").click()
    link = owner.locator("figure", has_text="Invitation link").locator("code").inner_text()
    assert serious_findings(owner, axe_source) == []
    context = browser.new_context(base_url=built.address, locale="en")
    page = context.new_page()
    page.goto(link)
    page.get_by_label("Your name").fill("Dora Vance")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("No workspace yet")).to_be_visible()
    page.goto("/access")
    expect(page.get_by_text("Not yours to see")).to_be_visible()
    refused = page.goto("/audit")
    assert refused is not None
    assert refused.status == 403
    expect(page.get_by_role("definition").first).to_contain_text("Read the audit log")
    expect(page.get_by_role("definition", name="").filter(has_text=OWNER[1])).to_be_visible()
    expect(page.locator("#rail").get_by_role("link", name="Audit")).to_have_count(0)
    assert serious_findings(page, axe_source) == []
    page.get_by_role("link", name="Ask the policies").click()
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Dora Vance may not read the audit log here")).to_be_visible()
    page.goto(link)
    page.get_by_label("Your name").fill("Somebody else")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("alert").first).to_contain_text("one-time token")
    context.close()


@pytest.mark.capability("M10")
def test_the_author_is_told_why_not_and_the_approver_decides_on_what_was_seen(
    visit: Open, stage: Stage, axe_source: str
) -> None:
    author = visit(SCIENTIST)
    author.goto("/approvals")
    author.locator("tbody a").first.click()
    expect(author.get_by_text("who had a part in making it may not decide on it").first).to_be_visible()
    expect(author.get_by_role("button", name="Approve")).to_have_count(0)
    _the_approver_decides_without_script(visit, stage)
    _a_digest_that_moved_on_is_not_approved(visit, stage)
    _versions_go_into_traffic_and_back(visit, stage)
    _an_endpoint_is_tried_and_goes_back(visit, stage, axe_source)


def _the_approver_decides_without_script(visit: Open, stage: Stage) -> None:
    page = visit(APPROVER, tolerate=("400",), java_script_enabled=False)
    page.goto("/approvals")
    page.locator("tbody a").first.click()
    page.get_by_role("button", name="Refuse").click()
    expect(
        page.get_by_text("Please fill in this field").or_(page.locator(".field .problem")).first
    ).to_be_visible()
    page.get_by_label("Comment").fill("sound")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("breast-cancer@1 is approved.")).to_be_visible()
    decided = stage.owner.http.get("/api/v1/approvals?state=approved")["items"]
    assert [one["comment"] for one in decided] == ["sound"]


def _a_digest_that_moved_on_is_not_approved(visit: Open, stage: Stage) -> None:
    run_steps.require_succeeded(run_steps.follow(stage, run_steps.start(stage, depth=2)))
    page = visit(APPROVER, tolerate=("409",))
    page.goto("/approvals")
    page.locator("tbody a", has_text="breast-cancer@2").click()
    page.evaluate("document.querySelector('input[name=digest]').value = 'sha256:' + '0'.repeat(64)")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert").first).to_contain_text(
        "What you looked at is not what would be approved"
    )
    page.get_by_label("Comment").fill("the figures are as good")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("breast-cancer@2 is approved.")).to_be_visible()


def _versions_go_into_traffic_and_back(visit: Open, stage: Stage) -> None:
    page = visit(APPROVER)
    for version in (1, 2):
        page.goto(f"{MODEL}?version={version}")
        page.get_by_role("button", name=f"Put breast-cancer@{version} into traffic").click()
        expect(page.get_by_text(f"breast-cancer@{version} goes into traffic")).to_be_visible()
    expect(page.get_by_text("In traffic at breast-cancer").first).to_be_visible()
    page.get_by_role("button", name="Go back one version").click()
    page.get_by_role("dialog").get_by_role("button", name="Go back one version").click()
    expect(page.get_by_text("goes back to the version before")).to_be_visible()
    declared = stage.owner.http.get("/api/v1/resources/Endpoint/breast-cancer")
    assert declared["spec"]["version"] == 1
    page.goto(f"{MODEL}?version=2")
    expect(page.get_by_role("columnheader", name="In traffic: breast-cancer@1")).to_be_visible()


def _an_endpoint_is_tried_and_goes_back(visit: Open, stage: Stage, axe_source: str) -> None:
    page = visit(APPROVER, locale="fr")
    page.goto("/endpoints")
    page.get_by_role("link", name="breast-cancer", exact=True).click()
    expect(page.get_by_text("Prêt", exact=True)).to_be_visible()
    page.get_by_role("button", name="Demander").click()
    expect(page.get_by_text("Répondu", exact=True)).to_be_visible()
    expect(page.get_by_label("Réponse", exact=True)).to_contain_text('"model_version":"1"')
    assert serious_findings(page, axe_source) == []
    page.get_by_label("Demande").fill('{"inputs": []}')
    page.get_by_role("button", name="Demander").click()
    expect(page.get_by_text("Refusé avec le statut 400")).to_be_visible()
    row = page.locator("tr", has_text="breast-cancer@2")
    row.get_by_role("button", name="Y revenir").click()
    page.get_by_role("dialog").get_by_role("button", name="Y revenir").click()
    expect(page.get_by_text("breast-cancer revient à la version précédente.")).to_be_visible()
    assert stage.owner.http.get("/api/v1/resources/Endpoint/breast-cancer")["spec"]["version"] == 2


@pytest.mark.capability("C8")
def test_secrets_are_written_replaced_and_never_shown(visit: Open, axe_source: str) -> None:
    page = visit()
    page.goto("/providers")
    page.locator("form[action='/secrets'] input[name=name]").fill("mistral-key")
    page.locator("form[action='/secrets'] input[name=value]").fill("a value nobody reads")
    page.get_by_role("button", name="Keep the secret").click()
    expect(page.get_by_text("The secret mistral-key is kept.")).to_be_visible()
    row = page.locator("tr", has_text="mistral-key")
    row.get_by_role("button", name="Replace").click()
    dialog = page.get_by_role("dialog", name="Replace mistral-key")
    dialog.get_by_label("Value").fill("another value nobody reads")
    assert serious_findings(page, axe_source) == []
    dialog.get_by_role("button", name="Replace the value").click()
    expect(
        page.locator("tr", has_text="mistral-key").get_by_role("cell", name="2", exact=True)
    ).to_be_visible()
    assert "nobody reads" not in page.content()
    page.locator("tr", has_text="mistral-key").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete mistral-key?").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The secret mistral-key is deleted.")).to_be_visible()


@pytest.mark.capability("G2")
def test_a_provider_is_tried_from_its_line(visit: Open) -> None:
    page = visit(locale="fr")
    page.goto("/providers")
    page.locator("tr", has_text="simulator-1").get_by_role("button", name="Essayer").click()
    expect(page.get_by_text("simulator-1 répond et accepte la clé")).to_be_visible()


@pytest.mark.capability("C2")
def test_a_person_is_shut_out_at_once_and_let_back_in(visit: Open, built: House) -> None:
    page = visit()
    page.goto("/access")
    page.locator("form[action='/access/invite'] input[name=email]").fill("finn@example.org")
    page.locator("form[action='/access/invite'] input[name=name]").fill("Finn")
    page.get_by_role("button", name="Make an invitation").click()
    link = page.locator("figure", has_text="Invitation link").locator("code").inner_text()
    accepted = {"token": link.partition("token=")[2], "name": "Finn", "password": PASSWORD}
    ask(built.address, "POST", "/api/v1/invitations/accept", accepted)
    _the_password_is_changed_by_its_owner(visit)
    finn = visit(("finn@example.org", "Finn"))
    finn.goto("/")
    page.goto("/access")
    page.locator("tr", has_text="finn@").get_by_role("button", name="Shut out").click()
    page.get_by_role("dialog", name="Shut Finn out?").get_by_role("button", name="Shut out").click()
    expect(page.get_by_text("Finn is shut out;")).to_be_visible()
    finn.goto("/")
    finn.wait_for_url("**/sign-in?next=%2F")
    page.locator("tr", has_text="finn@").get_by_role("button", name="Let back in").click()
    expect(page.get_by_text("Finn is let back in.")).to_be_visible()


def _the_password_is_changed_by_its_owner(visit: Open) -> None:
    """And changed back, for everybody here has the same one."""
    page = visit(("finn@example.org", "Finn"), tolerate=("401",))
    for old, new in ((PASSWORD, "five green kites at noon"), ("five green kites at noon", PASSWORD)):
        page.goto("/")
        page.get_by_role("button", name="Finn").click()
        page.get_by_role("link", name="Change my password").click()
        page.get_by_label("Present password").fill("not the password at all")
        page.get_by_label("New password").fill(new)
        page.get_by_role("button", name="Change the password").click()
        expect(page.get_by_role("alert").first).to_be_visible()
        page.get_by_label("Present password").fill(old)
        page.get_by_label("New password").fill(new)
        page.get_by_role("button", name="Change the password").click()
        expect(page.get_by_text("The password is changed.")).to_be_visible()
        page.get_by_label("E-mail").fill("finn@example.org")
        page.get_by_label("Password").fill(new)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Finn")).to_be_visible()


@pytest.mark.capability("O8")
def test_a_run_is_followed_as_it_goes_and_can_be_cancelled(visit: Open, stage: Stage) -> None:
    page = visit(SCIENTIST)
    page.goto(f"/runs/{run_steps.start(stage, depth=4)}")
    expect(page.get_by_text("Succeeded").first).to_be_visible(timeout=120_000)
    expect(page.get_by_text("result from the cache").first).to_be_visible()
    page.goto(f"/runs/{run_steps.start(stage, depth=5)}")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_text("Cancelled").first).to_be_visible(timeout=120_000)


@pytest.mark.capability("W7")
def test_a_call_appears_in_the_open_list(visit: Open, stage: Stage) -> None:
    page = visit()
    page.goto("/traffic")
    before = page.locator("tbody tr").count()
    message = {"model": "assistant", "messages": [{"role": "user", "content": "Anything new?"}]}
    ask(stage.address, "POST", "/v1/chat/completions", message, key=stage.kept["gateway_key"])
    expect(page.locator("tbody tr")).to_have_count(before + 1)
    page.locator("tbody a").first.click()
    expect(page.get_by_text("Masked on the way out, restored on the way back")).to_be_visible()
    page.get_by_role("link", name="See it in the audit log").click()
    expect(page.locator("tbody tr", has_text="gateway:call:invoke")).to_have_count(1)


@pytest.mark.capability("C7")
def test_the_log_is_verified_a_record_is_proven_and_the_bundle_comes_along(visit: Open) -> None:
    page = visit()
    page.goto("/audit/verify")
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text("The log is as it was written")).to_be_visible()
    page.goto("/audit?action=pipelines:run:submit&effect=allow")
    page.locator("tbody a").first.click()
    expect(page.get_by_text("In the signed log")).to_be_visible()
    expect(page.get_by_text("being data scientist")).to_be_visible()
    page.goto("/audit")
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download the log").click()
    assert caught.value.suggested_filename == "audit.zip"
    assert caught.value.path().read_bytes().startswith(b"PK")


@pytest.mark.capability("C2")
def test_a_key_is_shown_once_and_ends_at_once(visit: Open, built: House) -> None:
    page = visit()
    page.goto("/access/keys")
    page.get_by_label("Name", exact=True).fill("nightly")
    page.get_by_role("button", name="Make the key").click()
    key = page.locator("figure", has_text="nightly").locator("code").inner_text()
    assert key.startswith("tnt_")
    page.goto("/access/keys")
    assert key not in page.content()
    row = page.locator("tr", has_text="nightly")
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog", name="Revoke the key nightly?").get_by_role("button", name="Revoke").click()
    expect(page.locator("tr", has_text="nightly").get_by_text("Revoked")).to_be_visible()


@pytest.mark.capability("C4")
def test_why_somebody_may_not_is_answered_in_words(visit: Open) -> None:
    page = visit()
    page.goto("/access/why")
    page.get_by_label("Who", exact=True).select_option(f"person:{SCIENTIST[0]}")
    page.get_by_label("Does what").select_option("registry:model:approve")
    page.get_by_label("To what").fill("breast-cancer@1")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("who had a part in making it may not decide on it")).to_be_visible()
    expect(page.get_by_text("policy:separation-of-duties")).to_be_visible()


@pytest.mark.capability("C1")
def test_the_workspace_is_changed_in_the_bar_and_joined_duties_are_loud(visit: Open) -> None:
    page = visit(tolerate=("404 (Not Found)",))
    page.goto("/models")
    expect(page.get_by_text("Separation of duties is off in: sandbox.")).to_be_visible()
    page.locator("[popovertarget=places]").click()
    page.get_by_role("button", name="sandbox").click()
    page.wait_for_url("**/models")
    expect(page.locator(".topbar").get_by_text("Development")).to_be_visible()
    expect(page.get_by_text("No model yet")).to_be_visible()
    page.goto("/runs/00000000-0000-7000-8000-000000000000")
    expect(page.locator(".topbar").get_by_text("Development")).to_be_visible()
