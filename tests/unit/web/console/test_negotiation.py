"""Which language is spoken to whom."""

from __future__ import annotations

from typing import Any

import pytest

from tenuto.web.console.i18n.negotiation import choose_language
from tenuto.web.words import Language

EN, FR = Language.ENGLISH, Language.FRENCH


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        (None, "", EN),
        (None, "fr", FR),
        (None, "fr-CA,fr;q=0.9,en;q=0.8", FR),
        (None, "de,fr;q=0.5,en;q=0.4", FR),
        (None, "en;q=0.4,fr;q=0.5", FR),
        (None, "fr;q=0,en", EN),
        (None, "fr;q=nonsense,en;q=0.1", EN),
        (None, "de, it", EN),
        (None, ",,;;,=", EN),
        (None, "x" * 10_000 + ",fr", EN),
        ("fr", "en", FR),
        ("en", "fr", EN),
        ("de", "fr", FR),
        ("", "fr", FR),
    ],
)
def test_the_choice_comes_before_the_browser_and_english_last(
    chosen: str | None, accepted: str, language: Language
) -> None:
    assert choose_language(chosen, accepted) is language


def test_pages_say_which_language_they_speak(visitor: Any) -> None:
    page = visitor.get("/sign-in", headers={"accept-language": "fr"})
    assert '<html lang="fr"' in page.text
    assert "Se connecter" in page.text


def test_language_and_theme_are_chosen_without_script_and_kept(visitor: Any) -> None:
    visitor.get("/sign-in?next=%2Fruns")
    chosen = visitor.post("/preferences", {"language": "fr", "next": "/sign-in?next=%2Fruns"})
    assert chosen.headers["location"] == "/sign-in?next=%2Fruns"
    visitor.post("/preferences", {"theme": "dark", "next": "https://evil.example"})
    page = visitor.get("/sign-in", headers={"accept-language": "en"})
    assert '<html lang="fr" data-theme="dark">' in page.text
    visitor.client.cookies.set("tenuto_theme", '"><script>')
    assert 'data-theme="auto"' in visitor.get("/sign-in").text
    assert visitor.post("/preferences", {"theme": "pink"}).status_code == 400
