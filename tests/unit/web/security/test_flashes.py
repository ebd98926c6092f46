"""Messages for the next page come from us and are shown once."""

from __future__ import annotations

from typing import Any

from tenuto.web.security.flashes import Flashes
from tenuto.web.security.signing import Signer
from tenuto.web.words import Flash, FlashKind

KEY = b"0123456789abcdef0123456789abcdef"


def test_a_message_travels_and_a_changed_one_does_not() -> None:
    flashes = Flashes(KEY)
    flash = Flash("gallery.made", {"title": "été", "count": 2}, FlashKind.WARNING)
    packed = flashes.packed(flash)
    assert flashes.unpacked(packed) == flash
    text, _, signature = packed.partition(".")
    for forged in ("", ".", "x.y", f"{text[:-2]}AA.{signature}", text, f"{text}.{signature[:-1]}"):
        assert flashes.unpacked(forged) is None
    assert Flashes(b"another key of thirty-two bytes!!").unpacked(packed) is None


def test_what_another_version_wrote_is_dropped() -> None:
    text = "W10"  # []
    assert Flashes(KEY).unpacked(f"{text}.{Signer(KEY, 'flash').sign(text)}") is None


def test_a_signature_serves_one_purpose() -> None:
    assert not Signer(KEY, "csrf").is_valid("x", Signer(KEY, "flash").sign("x"))


def test_it_is_shown_once(ada: Any) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    assert ada.post("/form", {"title": hostile, "amount": "2"}).headers["location"] == "/form"
    shown = ada.get("/form").text
    assert "&lt;img src=x onerror=alert(1)&gt; was started with 2 steps." in shown
    assert hostile not in shown
    assert "was started" not in ada.get("/form").text
